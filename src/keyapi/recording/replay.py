"""Answer requests from recordings, strictly: a request that was not recorded is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

import httpx

from keyapi._errors import ConfigurationError
from keyapi._isolation import Lock
from keyapi._sending.call import REPLAYED
from keyapi.recording.har import read
from keyapi.recording.model import Recording, RecordingError, encoded, kept_response_headers

Source = Recording | str | os.PathLike[str]


class ReplayError(AssertionError):
    """The program's requests differ from the recorded ones."""


class Replay:
    """Plays each recording once; recordings of the same request in the order they were added.

    Attributes:
        requests: The requests so far, in order.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._waiting: list[tuple[_ComparedRequest, Recording]] = []
        self._played: list[tuple[_ComparedRequest, Recording]] = []
        self._refused: list[ReplayError] = []
        self._lock = Lock()

    def add(self, *sources: Source) -> None:
        """Add recordings.

        Args:
            *sources: HAR files, folders of them, or recordings.

        Raises:
            RecordingError: A path has no recordings, or a file is not a recording.
        """
        for recording in _loaded(sources):
            compared = _compared(recording.method, _url(recording), recording.body)
            anywhere = recording.origin == "sandbox"  # whose port is another each time
            self._waiting.append((compared.anywhere() if anywhere else compared, recording))

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request.

        Raises:
            ReplayError: The request was not recorded, or all its recordings have been played.
        """
        compared = _compared(request.method, request.url, request.content)
        with self._lock:  # threads share the recordings
            self.requests.append(request)
            for number, (recorded, recording) in enumerate(self._waiting):
                if recorded in (compared, compared.anywhere()):
                    self._played.append(self._waiting.pop(number))
                    return _response(recording)
            error = ReplayError(f"{request.method} {request.url}: {self._problem(compared)}")
            self._refused.append(error)
            raise error

    def finish(self) -> None:
        """Check that each recording was played, and that no request was refused.

        Raises:
            ReplayError: A recording was not played, or a request was refused, which the program may
                have taken for a network error.
        """
        if self._refused:
            raise self._refused[0]
        if self._waiting:
            left = "; ".join(str(recording) for _, recording in self._waiting)
            raise ReplayError(
                f"Never requested: {left}. Make the program send these requests, or remove their "
                "recordings"
            )

    def _problem(self, request: _ComparedRequest) -> str:
        same = (request, request.anywhere())
        played = [str(recording) for recorded, recording in self._played if recorded in same]
        if played:
            return (
                f"each of its recordings has already been played: {'; '.join(played)}. Record the "
                "program's requests again, or add a recording for each time it sends this one"
            )
        candidates = (*self._waiting, *self._played)
        near = [
            (list(_differences(request.parts, recorded.parts)), recording)
            for recorded, recording in candidates
            if (recorded.method, recorded.url) in ((each.method, each.url) for each in same)
        ]
        if not near:
            urls = {f"{recorded.method} {recorded.url}" for recorded, _ in candidates}
            listed = ", ".join(sorted(urls))
            return f"not recorded; {f'recorded was {listed}' if listed else 'nothing was'}"
        differences, recording = min(near, key=lambda pair: len(pair[0]))
        return f"not recorded. The closest recording is {recording}: {'; '.join(differences)}"


class _ComparedRequest(NamedTuple):
    """A request in a form in which equal requests are equal.

    The order of parameters does not matter, but the order of one parameter's values does.

    Attributes:
        method: HTTP method.
        url: URL without its query; the path alone where any server will do.
        parts: Query parameters and body, as text, by what a message calls them.
    """

    method: str
    url: str
    parts: Mapping[str, str]

    def anywhere(self) -> _ComparedRequest:
        """The same request to any server."""
        return self._replace(url=httpx.URL(self.url).raw_path.decode("ascii"))


@contextmanager
def replay(*sources: Source) -> Iterator[Replay]:
    """Answer every request of httpx from recordings, until the `with` block ends.

    A request must match its recording: method, URL, each query parameter and JSON body, but not its
    headers. Both sync and async clients are answered, except those with a `transport` of their own.
    Needs respx, which comes with the extra `testing`.

    Args:
        *sources: HAR files, folders of them, or recordings.

    Yields:
        The replay; `add` adds more recordings.

    Raises:
        ReplayError: A request was not recorded; or, at the end, a recording was never requested.
        RecordingError: A path has no recordings, or a file is not a recording.
        ConfigurationError: respx is not installed.
    """
    if find_spec("respx") is None:
        raise ConfigurationError("Replay needs more packages: pip install 'keyapi-tiktok[testing]'")
    import respx

    played = Replay()
    if sources:
        played.add(*sources)
    with respx.mock(assert_all_called=False) as network:
        network.route().mock(side_effect=played.answer)
        yield played
    played.finish()


def _loaded(sources: Iterable[Source]) -> Iterator[Recording]:
    for source in sources:
        if isinstance(source, Recording):
            yield source
            continue
        path = Path(source)
        files = sorted(path.rglob("*.har")) if path.is_dir() else [path]
        recordings = [recording for file in files for recording in read(file)]
        if not recordings:
            raise RecordingError(f"{path} contains no recordings")
        yield from recordings


def _url(recording: Recording) -> httpx.URL:
    try:
        return httpx.URL(recording.url)
    except (httpx.InvalidURL, ValueError) as error:
        place = recording.source or "a recording"
        raise RecordingError(f"{place}: {recording.url!r} is not a URL ({error})") from error


def _response(recording: Recording) -> httpx.Response:
    headers = encoded(kept_response_headers(recording.headers))
    return httpx.Response(
        recording.status, headers=headers, content=recording.content, extensions={REPLAYED: True}
    )


def _compared(method: str, url: httpx.URL, content: bytes) -> _ComparedRequest:
    parts: dict[str, list[str]] = {}
    for name, text in parse_qsl(url.query.decode("ascii"), keep_blank_values=True):
        parts.setdefault(f"query parameter {name}", []).append(repr(text))
    if content:
        parts.update(_body_parts(content))
    return _ComparedRequest(
        method,
        str(url.copy_with(query=None, userinfo=b"")),
        {name: ", ".join(texts) for name, texts in parts.items()},
    )


def _body_parts(content: bytes) -> dict[str, list[str]]:
    try:
        body = json.loads(content.decode())
        if isinstance(body, dict):
            properties = {
                f"body property {_printable(name)}": [_json(item)] for name, item in body.items()
            }
            return {"body": ["a JSON object"], **properties}
        return {"body": [_json(body)]}
    except UnicodeDecodeError:
        return {"body": [repr(content)]}
    except (ValueError, RecursionError):  # not JSON, or deeper than Python reads it
        return {"body": [_json(content.decode())]}


def _json(value: object) -> str:
    """JSON in one canonical form, where 1, 1.0 and true differ, unlike in Python."""
    return _printable(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _printable(text: str) -> str:
    """Text in which half a character, which no terminal takes, is written as its escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def _differences(sent: Mapping[str, str], recorded: Mapping[str, str]) -> Iterator[str]:
    for name in {**recorded, **sent}:
        if name not in recorded:
            yield f"{name} is {sent[name]}, but was not recorded"
        elif name not in sent:
            yield f"{name} is missing, but was recorded as {recorded[name]}"
        elif sent[name] != recorded[name]:
            yield f"{name} is {sent[name]}, but was recorded as {recorded[name]}"
