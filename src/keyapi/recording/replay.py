"""Answer requests from recordings, strictly: what was not recorded is not answered."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import NamedTuple
from urllib.parse import parse_qsl

import httpx

from keyapi._errors import ConfigurationError
from keyapi.recording.har import read
from keyapi.recording.recordings import Recording, RecordingError, of_the_answer

Source = Recording | str | os.PathLike[str]


class ReplayError(AssertionError):
    """The program asked for something else than what was recorded."""


class Replay:
    """Plays recordings, each once; those of the same request in the order they were added.

    Attributes:
        requests: What was asked, in order.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._waiting: list[tuple[_Asked, Recording]] = []
        self._played: list[tuple[_Asked, Recording]] = []
        self._refused: list[ReplayError] = []
        self._lock = Lock()

    def add(self, *sources: Source) -> None:
        """Add recordings.

        Args:
            *sources: HAR files, folders of them, or recordings.

        Raises:
            RecordingError: There is none, or a file is no recording.
        """
        self._waiting += [
            (_asked(one.method, httpx.URL(one.url), one.body), one) for one in _loaded(sources)
        ]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request.

        Raises:
            ReplayError: It was not recorded, or all its recordings were played before.
        """
        asked = _asked(request.method, request.url, request.content)
        with self._lock:  # threads share the recordings
            self.requests.append(request)
            for number, (recorded, recording) in enumerate(self._waiting):
                if recorded == asked:
                    self._played.append(self._waiting.pop(number))
                    return _response(recording)
            error = ReplayError(f"{request.method} {request.url}: {self._problem(asked)}")
            self._refused.append(error)
            raise error

    def finish(self) -> None:
        """Make sure that each recording was played, and nothing else was asked.

        Raises:
            ReplayError: A recording is left, or a request was refused, which the program may have
                taken for an error of the network.
        """
        if self._refused:
            raise self._refused[0]
        if self._waiting:
            left = "; ".join(str(recording) for _, recording in self._waiting)
            raise ReplayError(f"Not asked for: {left}. Ask for it, or leave the recording out")

    def _problem(self, asked: _Asked) -> str:
        played = [str(recording) for one, recording in self._played if one == asked]
        if played:
            return f"each of its recordings was played before: {'; '.join(played)}"
        near = [
            (list(_differences(asked.said, one.said)), recording)
            for one, recording in (*self._waiting, *self._played)
            if (one.method, one.place) == (asked.method, asked.place)
        ]
        if not near:
            places = {f"{one.method} {one.place}" for one, _ in (*self._waiting, *self._played)}
            return f"not recorded; recorded is {', '.join(sorted(places)) or 'nothing'}"
        differences, recording = min(near, key=lambda pair: len(pair[0]))
        return f"not recorded. The nearest is {recording}: {'; '.join(differences)}"


class _Asked(NamedTuple):
    """What a request asks, in a form in which equal requests are equal.

    The order of parameters means nothing, but that of one parameter's values does.
    """

    method: str
    place: str
    said: Mapping[str, str]


@contextmanager
def replay(*sources: Source) -> Iterator[Replay]:
    """Answer every request of httpx from recordings, until the `with` block ends.

    A request must be as recorded: method, URL, each query parameter, JSON body; not its headers.
    Sync and async clients alike are answered, but none that was given a `transport`. Needs respx,
    which the extra `testing` brings.

    Args:
        *sources: HAR files, folders of them, or recordings.

    Yields:
        The replay, to which more recordings can be added.

    Raises:
        ReplayError: Something else was asked than recorded; or, at the end, a recording was not
            asked for.
        RecordingError: There is no recording, or a file is none.
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
        found = [recording for file in files for recording in read(file)]
        if not found:
            raise RecordingError(f"{path} holds no recordings")
        yield from found


def _response(recording: Recording) -> httpx.Response:
    headers = list(of_the_answer(recording.headers))
    return httpx.Response(recording.status, headers=headers, content=recording.content)


def _asked(method: str, url: httpx.URL, content: bytes) -> _Asked:
    said: dict[str, list[str]] = {}
    for name, text in parse_qsl(url.query.decode("ascii"), keep_blank_values=True):
        said.setdefault(f"query parameter {name}", []).append(repr(text))
    if content:
        try:
            body = json.loads(content)
        except ValueError:
            body = content.decode("utf-8", "replace")
        if isinstance(body, dict):
            said["body"] = ["a JSON object"]
            said.update((f"body property {name}", [_json(item)]) for name, item in body.items())
        else:
            said["body"] = [_json(body)]
    place = str(url.copy_with(query=None))
    return _Asked(method, place, {name: ", ".join(texts) for name, texts in said.items()})


def _json(value: object) -> str:
    """JSON in one form; unlike Python's values, 1, 1.0 and true differ in it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _differences(asked: Mapping[str, str], recorded: Mapping[str, str]) -> Iterator[str]:
    for name in {**recorded, **asked}:
        if name not in recorded:
            yield f"{name} is {asked[name]}, recorded without"
        elif name not in asked:
            yield f"{name} is missing, recorded {recorded[name]}"
        elif asked[name] != recorded[name]:
            yield f"{name} is {asked[name]}, recorded {recorded[name]}"
