"""Pytest fixtures for programs that use the client, so that their tests run offline.

    pytest_plugins = ["keyapi.testing"]  # in your conftest.py


    def test_report(sandbox):
        with sandbox.client(max_credits=3) as tiktok:
            report(tiktok)
        assert sandbox.ledger.charged == 3


    def test_report_of_yesterday(replay):
        replay("recordings/yesterday.har")
        with TikTok("any key") as tiktok:
            report(tiktok)

`record` makes recordings; `replay` can also be used as a context manager.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from keyapi._extras import extra

with extra("testing", "keyapi.testing"):
    import pytest

    from keyapi.sandbox import Sandbox
from keyapi.recording.model import Recording, RecordingError
from keyapi.recording.recorder import Recorder
from keyapi.recording.replay import Replay, ReplayError, replay

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
def record(
    path: str | os.PathLike[str], *, transport: Any = None, secrets: Iterable[str] = ()
) -> Iterator[Recorder]:
    """Record a client's requests and answers; the file is written if the `with` block succeeds.

        with record("yesterday.har") as recorder, TikTok(transport=recorder) as tiktok:
            report(tiktok)

    API keys are removed from headers, URLs and bodies before anything is written.

    Args:
        path: The HAR file; an existing file is replaced.
        transport: Transport that sends the requests, sync or async like the client. If None, they
            are sent as the client would send them without it.
        secrets: What else must not be written, in addition to keys, cookies and other credentials
            in headers.

    Yields:
        A transport to pass to the client.

    Raises:
        RecordingError: The file cannot be written.
    """
    recorder = Recorder(transport)
    yield recorder
    recorder.save(path, secrets)


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox of the installed client, in this process: `sandbox.client()`, `.faults = […]`."""
    return Sandbox()


@pytest.fixture
def sandbox_url(sandbox: Sandbox) -> Iterator[str]:
    """The URL of `sandbox` on a free loopback port, for programs that create their own client."""
    with sandbox.serve() as url:
        yield url


@pytest.fixture(name="replay")
def _replay() -> Iterator[Callable[..., None]]:
    """A function that adds recordings to replay; every other request is refused."""
    with replay() as played:
        yield played.add
