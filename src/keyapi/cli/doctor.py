"""`keyapi doctor`: check that everything is in place for a call."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from keyapi._errors import ConfigurationError, KeyAPIError
from keyapi.cli.destination import Stdout
from keyapi.cli.messages import (
    FAILED,
    OK,
    USAGE,
    UsageError,
    counted,
    exit_code,
    explain,
    masked,
    say,
    version,
)
from keyapi.cli.options import Options
from keyapi.cli.terminal import console_to
from keyapi.cli.text import clean
from keyapi.cli.values import place

if TYPE_CHECKING:
    from keyapi._client import SyncClient

_PATIENCE = 10.0  # seconds
_DAY = 86_400  # seconds
_EXTRAS = {
    "rate": "pyrate_limiter",
    "redis": "redis",
    "cache": "hishel",
    "contract": "jsonschema_rs",
    "sandbox": "starlette",
}


class Diagnosis(NamedTuple):
    """The result of one check.

    Attributes:
        subject: What was checked.
        text: What was found.
        code: The exit code that follows from it.
        suspicious: Whether it may be a mistake although it works.
    """

    subject: str
    text: str
    code: int = OK
    suspicious: bool = False


def doctor(
    *,
    live: Annotated[
        bool, Parameter(negative="", show_default=False, help="Also make one paid request.")
    ] = False,
    token_file: Annotated[
        Path | None,
        Parameter(
            converter=place,
            allow_leading_hyphen=True,
            metavar="FILE",
            help="File with the API key, - for stdin.",
        ),
    ] = None,
    base_url: Annotated[str | None, Parameter(metavar="URL", help="Server to check.")] = None,
) -> int:
    """Check the key, server, versions and specification; only --live makes a paid request."""
    options = Options(token_file=token_file)
    token, key = _key(options)
    diagnoses = [key, *_installation(), *_clients(base_url)]
    _print(diagnoses)
    worst = max(diagnosis.code for diagnosis in diagnoses)
    if live and worst == OK:
        paid = _live(token, base_url)
        _print([paid])
        worst = paid.code
    elif live:
        say("No paid request was made; fix what failed first.")
    return worst


def _key(options: Options) -> tuple[str | None, Diagnosis]:
    """The key and its diagnosis, which shows nothing of the key but its prefix and length."""
    from keyapi._connection import TOKEN_VARIABLES, find_token

    source = options.token_file or next(filter(os.environ.get, TOKEN_VARIABLES), "")
    try:
        token = find_token(options.for_client()["token"])
    except (ConfigurationError, UsageError) as error:
        text = explain(error) if isinstance(error, KeyAPIError) else str(error)
        return None, Diagnosis("key", text, USAGE)
    kind = re.match(r"sk_[a-z]+_", token)
    text = f"{source}, {len(token)} characters"
    if kind is None:
        text += "; KeyAPI's keys begin with sk_live_"
        return token, Diagnosis("key", text, suspicious=True)
    return token, Diagnosis("key", f"{text}, begins with {kind[0]}")


def _installation() -> Iterator[Diagnosis]:
    from importlib import metadata
    from importlib.util import find_spec

    parts = []
    for name in ("httpx", "cyclopts", "rich"):
        with suppress(metadata.PackageNotFoundError):  # a frozen program may leave it out
            parts.append(f"{name} {metadata.version(name)}")
    python = ".".join(map(str, sys.version_info[:3]))
    yield Diagnosis("versions", f"keyapi-tiktok {version()}, Python {python}, {', '.join(parts)}")
    installed = [extra for extra, module in _EXTRAS.items() if find_spec(module)]
    missing = [extra for extra in _EXTRAS if extra not in installed]
    text = ", ".join(installed) or "none"
    yield Diagnosis("extras", text + (f"; not installed: {', '.join(missing)}" if missing else ""))


def _clients(base_url: str | None) -> Iterator[Diagnosis]:
    """Check each client: its specification, and whether its server answers."""
    from keyapi._clients import installed

    clients = installed()
    if not clients:
        yield Diagnosis("client", "no client is installed: pip install keyapi-tiktok", USAGE)
    for platform, client in clients.items():
        yield _specification(platform, client)
        yield _server(client, base_url)


def _specification(platform: str, client: type[SyncClient]) -> Diagnosis:
    from hashlib import sha256
    from importlib.resources import as_file, files

    from keyapi.specification import Specification

    file = files(client._package) / "openapi.json"
    if not file.is_file():
        problem = f"{client._package}/openapi.json is missing: install the package again"
        return Diagnosis(platform, problem, USAGE)
    with as_file(file) as path:
        digest = sha256(path.read_bytes()).hexdigest()
        written = path.stat().st_mtime
    days = max(0, int((time.time() - written) // _DAY))
    date = time.strftime("%Y-%m-%d", time.gmtime(written))
    operations = len(Specification.of_package(client._package).operations)
    return Diagnosis(
        platform,
        f"{counted(operations, 'operation')}; specification sha256 {digest[:16]}, file of {date}, "
        f"{counted(days, 'day')} old",
    )


def _server(client: type[SyncClient], base_url: str | None) -> Diagnosis:
    """Check that the server answers: a HEAD request to its root, without the key, is free."""
    import httpx

    from keyapi._connection import find_base_url
    from keyapi._sending.connections import Connections
    from keyapi._sending.network import network

    try:
        url = find_base_url(base_url, client.default_base_url)
        connections = network(url, {}, Connections)
    except ConfigurationError as error:
        return Diagnosis("server", explain(error), USAGE)
    began = time.monotonic()
    try:
        with httpx.Client(**connections, timeout=_PATIENCE) as http:
            answer = http.head(url)
    except httpx.HTTPError as error:
        return Diagnosis(
            "server", f"{url} cannot be reached: {error or type(error).__name__}", FAILED
        )
    took = (time.monotonic() - began) * 1000
    return Diagnosis("server", f"{url} answers (HTTP {answer.status_code} in {took:.0f} ms)")


def _live(token: str | None, base_url: str | None) -> Diagnosis:
    """Announce one paid request, and make it."""
    from keyapi._clients import find, methods
    from keyapi.cli.commands import commands
    from keyapi.cli.examples import documented
    from keyapi.specification import Specification

    client = find()
    specification = Specification.of_package(client._package)
    call = documented(commands(methods(client), specification.operations))
    if call is None:
        return Diagnosis("live", "no operation has examples of all its required arguments", USAGE)
    command, arguments = call
    cost = command.spec.credits
    say(f"Making one paid request: {command.spec.name}, {counted(cost, 'credit')}.")
    options: dict[str, Any] = {"max_retries": 0, "max_credits": cost, "base_url": base_url}
    try:
        with client(token, **options) as paid:
            result = command.call.on(paid)(**arguments)
    except KeyAPIError as error:
        return Diagnosis("live", explain(error), exit_code(error))
    rows = f", {counted(len(result), 'row')}" if command.spec.items else ""
    return Diagnosis("live", f"{command.spec.name} succeeded{rows}")


def _print(diagnoses: list[Diagnosis]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for diagnosis in diagnoses:
        state = ("ok", "green") if diagnosis.code == OK else ("FAILED", "bold red")
        if diagnosis.suspicious:
            state = ("warning", "yellow")
        text = Text(masked(clean(diagnosis.text)))
        table.add_row(Text(state[0], state[1]), Text(diagnosis.subject, "bold"), text)
    with Stdout() as out:
        with console_to(out) as console:
            console.print(table)
        out.keep()
