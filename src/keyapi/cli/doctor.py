"""`keyapi doctor`: whether everything is in place for a call."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
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


class Finding(NamedTuple):
    """What was found about one thing.

    Attributes:
        about: What it is about.
        text: What was found.
        code: The exit code it asks for.
        doubtful: Whether it works, but may be a mistake.
    """

    about: str
    text: str
    code: int = OK
    doubtful: bool = False


def doctor(
    *,
    live: Annotated[
        bool, Parameter(negative="", show_default=False, help="Make one paid request, too.")
    ] = False,
    token_file: Annotated[
        Path | None,
        Parameter(
            converter=place,
            allow_leading_hyphen=True,
            metavar="FILE",
            help="Read the key from a file, - for stdin.",
        ),
    ] = None,
    base_url: Annotated[str | None, Parameter(metavar="URL", help="The server.")] = None,
) -> int:
    """Check key, server, versions and specification, without a paid request unless --live."""
    options = Options(token_file=token_file, base_url=base_url)
    token, key = _key(options)
    findings = [key, *_installation(), *_clients(base_url)]
    _print(findings)
    worst = max(finding.code for finding in findings)
    if live and worst == OK:
        paid = _live(token, base_url)
        _print([paid])
        worst = paid.code
    elif live:
        say("No paid request was made: first mend what failed.")
    return worst


def _key(options: Options) -> tuple[str | None, Finding]:
    """The key, and what is found about it; of the key itself, nothing but its kind is shown."""
    from keyapi._config import _TOKEN_VARIABLES, find_token

    source = options.token_file or next(filter(os.environ.get, _TOKEN_VARIABLES), "")
    try:
        token = find_token(options.for_client()["token"])
    except (ConfigurationError, UsageError) as error:
        text = explain(error) if isinstance(error, KeyAPIError) else str(error)
        return None, Finding("key", text, USAGE)
    kind = re.match(r"sk_[a-z]+_", token)
    text = f"{source}, {len(token)} characters"
    if kind is None:
        text += ", does not begin like KeyAPI's keys (sk_live_)"
        return token, Finding("key", text, doubtful=True)
    return token, Finding("key", f"{text}, begins with {kind[0]}")


def _installation() -> Iterator[Finding]:
    from importlib import metadata
    from importlib.util import find_spec

    parts = [f"{name} {metadata.version(name)}" for name in ("httpx", "cyclopts", "rich")]
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("versions", f"keyapi-tiktok {version()}, Python {python}, {', '.join(parts)}")
    there = [extra for extra, module in _EXTRAS.items() if find_spec(module)]
    missing = [extra for extra in _EXTRAS if extra not in there]
    text = ", ".join(there) or "none"
    yield Finding("extras", text + (f"; not installed: {', '.join(missing)}" if missing else ""))


def _clients(base_url: str | None) -> Iterator[Finding]:
    """What is found about each client: its specification, and whether its server answers."""
    from keyapi._clients import installed

    clients = installed()
    if not clients:
        yield Finding("client", "none is installed: pip install keyapi-tiktok", USAGE)
    for platform, client in clients.items():
        yield _specification(platform, client)
        yield _server(client, base_url)


def _specification(platform: str, client: type[SyncClient]) -> Finding:
    from hashlib import sha256
    from importlib.resources import as_file, files

    from keyapi.specification import Specification

    with as_file(files(client._package) / "openapi.json") as path:
        digest = sha256(path.read_bytes()).hexdigest()
        written = path.stat().st_mtime
    days = max(0, int((time.time() - written) // _DAY))
    date = time.strftime("%Y-%m-%d", time.gmtime(written))
    operations = len(Specification.of_package(client._package).operations)
    return Finding(
        platform,
        f"{counted(operations, 'operation')}; specification sha256 {digest[:16]}, file of {date}, "
        f"{counted(days, 'day')} old",
    )


def _server(client: type[SyncClient], base_url: str | None) -> Finding:
    """Whether the server can be reached: by a HEAD to its root, without the key, which is free."""
    import httpx

    from keyapi._config import find_base_url

    try:
        url = find_base_url(base_url, client.default_base_url)
    except ConfigurationError as error:
        return Finding("server", explain(error), USAGE)
    began = time.monotonic()
    try:
        answer = httpx.head(url, timeout=_PATIENCE)
    except httpx.HTTPError as error:
        return Finding(
            "server", f"{url} cannot be reached: {error or type(error).__name__}", FAILED
        )
    took = (time.monotonic() - began) * 1000
    return Finding("server", f"{url} answers (HTTP {answer.status_code} in {took:.0f} ms)")


def _live(token: str | None, base_url: str | None) -> Finding:
    """Make one paid request, having said so."""
    from keyapi._clients import find, methods
    from keyapi.cli.commands import commands
    from keyapi.cli.examples import documented
    from keyapi.specification import Specification

    client = find()
    specification = Specification.of_package(client._package)
    found = documented(commands(methods(client), specification.operations))
    if found is None:
        return Finding("live", "no operation can be called by its documented examples", USAGE)
    command, arguments = found
    cost = command.spec.credits
    say(f"Now one paid request: {command.spec.name}, {counted(cost, 'credit')}.")
    options: dict[str, Any] = {"max_retries": 0, "max_credits": cost, "base_url": base_url}
    try:
        with client(token, **options) as paid:
            result = command.call.on(paid)(**arguments)
    except KeyAPIError as error:
        return Finding("live", explain(error), exit_code(error))
    rows = f", {counted(len(result), 'row')}" if command.spec.items else ""
    return Finding("live", f"{command.spec.name} was answered with code 0{rows}")


def _print(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for finding in findings:
        state = ("ok", "green") if finding.code == OK else ("FAILED", "bold red")
        if finding.doubtful:
            state = ("doubtful", "yellow")
        text = Text(masked(clean(finding.text)))
        table.add_row(Text(state[0], state[1]), Text(finding.about, "bold"), text)
    with Stdout() as out:
        with console_to(out) as console:
            console.print(table)
        out.keep()
