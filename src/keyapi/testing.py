"""Fixtures for the tests of programs that use the client, so that these run offline.

    pytest_plugins = ["keyapi.testing"]  # in your conftest.py


    def test_report(sandbox):
        with sandbox.client(max_credits=3) as tiktok:
            report(tiktok)
        assert sandbox.ledger.charged == 3


    def test_report_of_yesterday(replay):
        replay("recordings/yesterday.har")
        with TikTok("any key") as tiktok:
            report(tiktok)

`record` makes recordings, and `replay` is a context manager, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from keyapi.recording.recorder import Recorder
from keyapi.recording.recordings import Recording, RecordingError
from keyapi.recording.replay import Replay, ReplayError, replay
from keyapi.sandbox import Sandbox

__all__ = [
    "Recorder",
    "Recording",
    "RecordingError",
    "Replay",
    "ReplayError",
    "record",
    "replay",
    "sandbox",
    "sandbox_url",
]


@contextmanager
def record(path: str | os.PathLike[str], *, transport: Any = None) -> Iterator[Recorder]:
    """Record what a client sends and is answered; written once the `with` block ends well.

        with record("yesterday.har") as recorder, TikTok(transport=recorder) as tiktok:
            report(tiktok)

    Keys are taken out of headers, URLs and bodies before anything is written.

    Args:
        path: The HAR file; it is replaced if there is one.
        transport: What sends the requests, sync or async as the client is; the network without.

    Yields:
        A transport for the client.

    Raises:
        RecordingError: The file cannot be written.
    """
    recorder = Recorder(transport)
    yield recorder
    recorder.save(path)


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox of the installed client, in this process: `sandbox.client()`, `.faults = […]`."""
    return Sandbox()


@pytest.fixture
def sandbox_url(sandbox: Sandbox) -> Iterator[str]:
    """The URL of `sandbox` on a free loopback port, for programs that make their own client."""
    with sandbox.serve() as url:
        yield url


@pytest.fixture(name="replay")
def _replay() -> Iterator[Callable[..., None]]:
    """A function that takes recordings to be replayed; no other request is answered."""
    with replay() as played:
        yield played.add
