"""What the tests of several folders share."""

from __future__ import annotations

import gc
import io
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache, partial
from importlib import import_module
from importlib.metadata import entry_points, version
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any

import pytest
from httpx._config import create_ssl_context
from pytest_socket import SocketBlockedError

from keyapi import _clients
from pipeline.cli import ROOT
from support.pages import EXAMPLE
from support.projects import listing_project

pytest_plugins = ["keyapi.testing"]


def pytest_configure(config: pytest.Config) -> None:
    """Obey Ctrl-C, also where the tests run in the background: processes inherit its neglect."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line(
        "markers", "published: about the published pages or their client, not about the example"
    )
    config.addinivalue_line("markers", "slow: takes seconds and seldom breaks; runs nightly")
    config.addinivalue_line("markers", "once: takes long; by day it runs on one Python only")
    config.addinivalue_line("markers", "process: starts processes; runs on one Python only")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option to run a few cases of each test."""
    parser.addoption("--cases", type=int, metavar="N", help="run at most N cases of each test")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Mark the tests that start processes by the fixture of that name; leave out cases.

    The cases are chosen from what the marks leave.
    """
    for item in items:
        if "process" in getattr(item, "fixturenames", ()):
            item.add_marker("process")
    yield
    if (most := config.getoption("cases")) is not None:
        tests: dict[str, list[pytest.Item]] = {}
        for item in items:
            tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
        # At random, so that neither sync nor async is all there is, and the same in each worker.
        kept = {
            case
            for name, cases in tests.items()
            for case in Random(name).sample(cases, min(most, len(cases)))  # noqa: S311
        }
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]


def pytest_collection_finish() -> None:
    """Leave modules and collected tests, 100,000 objects, out of every collection of garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Read the certificate authorities and the installed packages once.

    Each client with connections reads the ones, for 20 ms; each search for clients the others, for
    5 ms.
    """
    shared = cache(lambda trust_env: create_ssl_context(trust_env=trust_env))
    found = cache(lambda path, group: entry_points(group=group))

    def context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
        if verify is True and cert is None:
            return shared(trust_env)
        return create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", context)
        patch.setattr("keyapi._sending.network.create_ssl_context", context)
        patch.setattr(_clients, "entry_points", lambda group: found(tuple(sys.path), group))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_names_looked_up() -> Iterator[None]:
    """Refuse to look up any name but this machine's: a look-up leaves it, too."""
    look_up = socket.getaddrinfo

    def of_this_machine(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in (None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1"):
            raise SocketBlockedError(f"a test looks up {host!r}")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", of_this_machine)
        yield


@pytest.fixture(scope="session")
def example_installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that, put first on the path, makes the example's client the installed one."""
    folder = tmp_path_factory.mktemp("installed")
    info = folder / f"keyapi_tiktok-{version('keyapi-tiktok')}.dist-info"
    info.mkdir()
    about = f"Metadata-Version: 2.1\nName: keyapi-tiktok\nVersion: {version('keyapi-tiktok')}\n"
    (info / "METADATA").write_text(about)
    (info / "entry_points.txt").write_text("[keyapi.clients]\ntiktok = keyapi_example:TikTok\n")
    return folder


@pytest.fixture(autouse=True)
def example_client(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, example_installed: Path
) -> None:
    """Let the example's client be the installed one, here and in processes that a test starts.

    Tests of the runtime hold for any specification, so a change of the published pages must not
    change them.
    """
    runtime = request.path.parent.name in ("client", "sandbox", "cli", "export", "conformance")
    if runtime and request.node.get_closest_marker("published") is None:
        paths = [str(example_installed), str(EXAMPLE / "generated")]
        monkeypatch.setattr(sys, "path", [*paths, *sys.path])
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


Script = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the example's list of products; tests copy it, and write nothing into it."""
    return listing_project(tmp_path_factory.mktemp("listing") / "project")


@pytest.fixture
def project(pristine: Path, tmp_path: Path) -> Path:
    """A copy of that project to vendor into and regenerate."""
    return copytree(pristine, tmp_path / "project", symlinks=True)


@pytest.fixture
def unverified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let regenerate put in place what it has made: neither imported nor read by mypy before."""
    monkeypatch.setattr("pipeline.commands.regenerate.verify", lambda files, runtime: None)


def run_script(root: Path, name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts on a project, in this process."""
    main = import_module(name.removesuffix(".py")).main
    argv = ["--root", str(root), *map(str, arguments)]
    with (
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
        chdir(root.parent),
    ):
        try:
            code = main(argv)
        except SystemExit as ended:  # how argparse refuses arguments
            code = ended.code
    return subprocess.CompletedProcess([name, *argv], code, out.getvalue(), err.getvalue())


@pytest.fixture
def script(project: Path) -> Script:
    """Runs one of the scripts on the copy, in this process."""
    return partial(run_script, project)


@pytest.fixture
def script_process(project: Path) -> Script:
    """Runs one of the scripts on the copy, as a user would: slower by half a second."""

    def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "scripts" / name, "--root", project, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=project.parent,
        )

    return run


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; caches left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.is_symlink()
    }
