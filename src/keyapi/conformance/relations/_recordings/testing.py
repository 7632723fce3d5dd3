"""Recording: what `keyapi.testing` gives to a user's tests."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from keyapi._clients import async_twin
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import KEY, Caller, wire
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import (
    Compared,
    good_arguments,
    pairs,
    success_answer,
    unequal,
)
from keyapi.recording.har import read
from keyapi.recording.model import RecordingError
from keyapi.recording.replay import ReplayError
from keyapi.sandbox import Sandbox
from keyapi.specification import OperationSpec, Specification

_PRIVATE = "our-own-4717"
_OLD = "what was there before"
_URL = "https://recorded.example"


@relation("recording", short="rec", position=5)
def replay_as_documented(
    specification: Specification, operation: OperationSpec, caller: Caller
) -> Iterator[Finding]:
    """`record` writes what succeeded, and `replay` plays it to clients: strictly, and all of it.

    Args:
        specification: What the sandbox serves that is recorded.
        operation: The operation.
        caller: The client.
    """
    arguments = good_arguments(operation, caller)
    if arguments is None:
        return
    with TemporaryDirectory() as folder:
        tests = _Tests(specification, operation, caller, arguments, Path(folder))
        for look in (_written, _kept_out, _through_the_network, _played, _refused):
            for broken in unequal(operation, look(tests)):
                case = f"keyapi.testing: {look.__name__.strip('_')}"
                yield Finding("recording", case, broken)


class _Tests:
    """A user's tests of one operation, with a folder for recordings."""

    def __init__(
        self,
        specification: Specification,
        operation: OperationSpec,
        caller: Caller,
        arguments: Mapping[str, Any],
        folder: Path,
    ) -> None:
        self.operation = operation
        self.caller = caller
        self.folder = folder
        self._arguments = arguments
        self._spec = specification.document
        # Imported late: pytest must be the first to import its plugins.
        self.testing = import_module("keyapi.testing")

    def sandbox(self, **options: Any) -> Sandbox:
        return Sandbox(self.caller.client, key=KEY, spec=self._spec, **options)

    def call(self, *, asynchronous: bool = False, **options: Any) -> str:
        """What a call gives, as text; the name of the error where it raises one."""
        method = self.caller.methods[self.operation.name, False]
        kind: Any = async_twin(self.caller.client) if asynchronous else self.caller.client

        async def call() -> Any:
            async with kind(KEY, max_retries=0, **options) as client:
                return await method.on(client)(**self._arguments)

        try:
            if asynchronous:
                return repr(self.caller.run(call()))
            with kind(KEY, max_retries=0, **options) as client:
                return repr(method.on(client)(**self._arguments))
        except Exception as error:
            return type(error).__name__

    def telling(self) -> httpx.MockTransport:
        """A transport whose answers hold what must not be written, where they hold anything."""
        answer = success_answer(self.operation)
        told = json.dumps({**answer.envelope, "told": f"{KEY} and {_PRIVATE}"}).encode()
        response = httpx.Response(
            answer.status, headers=dict(answer.headers), content=told if answer.content else b""
        )
        return httpx.MockTransport(lambda request: response)

    def asked(self) -> tuple[str, str, list[tuple[str, str]]]:
        """Method, path and query of the call."""
        request = wire(self.operation, next(iter(cases(self.operation))).arguments)
        return request.method, request.path, pairs(request.query)


def _written(tests: _Tests) -> Compared:
    """A block that succeeds leaves one file of all that was sent in it, in place of an old one."""
    path = tests.folder / "written.har"
    path.write_text(_OLD)
    secrets = iter([_PRIVATE])
    with tests.testing.record(path, transport=tests.telling(), secrets=secrets) as recorder:
        for asynchronous in (False, True):
            tests.call(asynchronous=asynchronous, transport=recorder)
        yield "the file, before the block ends", _OLD, path.read_text()
        yield "recordings", 2, len(recorder.recordings)
    entries = json.loads(path.read_text())["log"]["entries"]
    asked = tests.asked()
    yield "requests in the file", [asked, asked], [_entry(each["request"]) for each in entries]
    text = path.read_text()
    yield "secrets in the file", [False, False], [KEY in text, _PRIVATE in text]
    yield "other files", ["written.har"], sorted(os.listdir(tests.folder))


def _entry(request: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str]]]:
    url = httpx.URL(request["url"])
    return request["method"], url.raw_path.decode().partition("?")[0], pairs(url.query.decode())


def _kept_out(tests: _Tests) -> Compared:
    """A block that raises writes nothing, and keeps an old file; so does a bad path."""
    old, new = tests.folder / "old.har", tests.folder / "new.har"
    old.write_text(_OLD)
    for path in (old, new):
        for error in (ValueError, KeyboardInterrupt):
            raised = None
            try:
                with tests.testing.record(path, transport=tests.sandbox().transport) as recorder:
                    tests.call(transport=recorder)
                    raise error
            except error as caught:
                raised = type(caught)
            yield f"{error.__name__} in the block", error, raised
    yield "files after errors", (_OLD, False), (old.read_text(), new.exists())
    for path in (tests.folder, old / "a.har"):
        found = _raised(RecordingError, partial(_record_nothing, tests, path))
        yield f"a file at {path.relative_to(tests.folder)}", True, found


def _record_nothing(tests: _Tests, path: Path) -> None:
    with tests.testing.record(path):
        pass


def _through_the_network(tests: _Tests) -> Compared:
    """Without a transport, requests are sent as a client sends them; and each is answered again."""
    path = tests.folder / "network.har"
    sandbox = tests.sandbox()
    with sandbox.serve() as url, tests.testing.record(path) as recorder:
        first = tests.call(transport=recorder, base_url=url)
    yield "requests of the server", 1, sandbox.ledger.count
    with tests.testing.replay(path):  # a sandbox's port is another each time
        yield "the answer of the server, again", first, tests.call(base_url=_URL)


def _played(tests: _Tests) -> Compared:
    """What was recorded is answered to sync and async clients, from whatever holds it."""
    folder = tests.folder / "some" / "where"
    folder.mkdir(parents=True)
    path = folder / "played.har"
    sandbox = tests.sandbox()
    with tests.testing.record(path, transport=sandbox.transport) as recorder:
        expected = tests.call(transport=recorder)
    for source in (path, os.fspath(path), folder.parent, read(path)[0]):
        for asynchronous in (False, True):
            with tests.testing.replay(source) as played:
                found = tests.call(asynchronous=asynchronous)
            shown = type(source).__name__
            yield f"replayed from {shown}", (expected, 1), (found, len(played.requests))
    with tests.testing.replay() as played:
        played.add(path, path)
        yield "added twice", [expected] * 2, [tests.call() for _ in range(2)]
    yield "requests of the sandbox", 1, sandbox.ledger.count


def _refused(tests: _Tests) -> Compared:
    """What was not recorded is refused, and at the end so is what was never requested."""
    path, empty = tests.folder / "refused.har", tests.folder / "empty"
    empty.mkdir()
    with tests.testing.record(path, transport=tests.sandbox().transport) as recorder:
        tests.call(transport=recorder)

    def played(*sources: Any, times: int = 0, error: type[BaseException] | None = None) -> None:
        with tests.testing.replay(*sources):
            for _ in range(times):
                tests.call()
            if error is not None:
                raise error

    yield "played once", False, _raised(ReplayError, lambda: played(path, times=1))
    yield "never requested", True, _raised(ReplayError, lambda: played(path))
    yield "requested twice", True, _raised(ReplayError, lambda: played(path, times=2))
    yield "one of two requested", True, _raised(ReplayError, lambda: played(path, path, times=1))
    yield "nothing recorded", True, _raised(ReplayError, lambda: played(times=1))
    yield "an error of the test", True, _raised(KeyError, lambda: played(path, error=KeyError))
    for source in (empty, tests.folder / "none.har"):
        found = _raised(RecordingError, partial(played, source))
        yield f"from {source.name}", True, found


def _raised(kind: type[BaseException], act: Callable[[], None]) -> bool | str:
    """Whether an error is raised; the name of another one instead."""
    try:
        act()
    except kind:
        return True
    except Exception as error:
        return type(error).__name__
    return False
