"""`keyapi sandbox`: a server on this machine that answers like KeyAPI."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from keyapi.cli.messages import OK, CommandError, UsageError
from keyapi.cli.values import count, port_number, positive, seconds

if TYPE_CHECKING:
    from keyapi._client import SyncClient


def sandbox(
    *,
    port: Annotated[
        int | None,
        Parameter(converter=port_number, metavar="N", help="Port to serve on; 0 picks a free one."),
    ] = None,
    key: Annotated[str | None, Parameter(metavar="TEXT", help="API key to accept.")] = None,
    credits: Annotated[  # noqa: A002 - the option's name
        int | None,
        Parameter(
            converter=count, metavar="N", help="Credits that can be spent. Default: unlimited."
        ),
    ] = None,
    qps: Annotated[
        int | None,
        Parameter(
            converter=positive, metavar="N", help="Requests per second before further ones get 429."
        ),
    ] = None,
    seed: Annotated[
        int | None, Parameter(converter=count, metavar="N", help="Seed of the data.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            metavar="FAULT",
            help="Fault to serve, such as html-502@2 or html-502?user_id=7; can be repeated. See "
            "--list-faults.",
        ),
    ] = None,
    latency: Annotated[
        float | None,
        Parameter(converter=seconds, metavar="SECONDS", help="Delay before each answer."),
    ] = None,
    strict: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Refuse unknown parameters."),
    ] = False,
    control: Annotated[
        bool,
        Parameter(
            negative="", show_default=False, help="Also serve /_sandbox/, to inspect and steer it."
        ),
    ] = False,
    platform: Annotated[
        str | None,
        Parameter(metavar="NAME", help="Client to serve. Default: every installed one."),
    ] = None,
    list_faults: Annotated[
        bool, Parameter(negative="", show_default=False, help="List the faults and exit.")
    ] = False,
) -> int:
    """Serve the API on this machine: offline, free of charge, with generated data."""
    package = sandbox_package()
    if list_faults:
        width = max(map(len, package.FAULTS))
        for name, listed in package.FAULTS.items():
            print(f"{name:{width}}  {listed.description}")  # noqa: T201 - the output of the command
        return OK
    if key is not None and not key.strip():
        raise UsageError("--key must not be empty")
    settings: dict[str, Any] = {
        "port": port,
        "key": key,
        "credits": credits,
        "qps": qps,
        "seed": seed,
        "faults": fault,
        "latency": latency,
        "strict": strict or None,
        "control": control or None,
    }
    options = {name: value for name, value in settings.items() if value is not None}
    try:
        package.run(platform, report=_report, **options)
    except ValueError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        where = f"port {port}" if port is not None else "the default port"
        raise CommandError(
            f"Cannot serve on {where}: {error.strerror or error}; try another --port, or 0 for a "
            "free one"
        ) from error
    return OK


def _report(sandbox: Any, url: str) -> None:
    """Print the URL, the key, and a command to try."""
    from keyapi._clients import methods
    from keyapi.cli.commands import commands
    from keyapi.cli.examples import documented, typed
    from keyapi.specification import Specification

    lines = [
        f"Serving {_apis(sandbox.clients)} at {url}; press Ctrl-C to stop.",
        f"Key: {sandbox.key}",
    ]
    if sandbox.control:
        lines.append(
            f"Control: {url}/_sandbox/ledger, requests, charges, faults and reset, by the same key"
        )
    only = len(sandbox.clients) == 1
    for platform, client in sandbox.clients.items():
        spec = sandbox.spec if only else Specification.of_package(client._package)
        call = documented(commands(methods(client), spec.operations))
        if call is not None:
            lines += ["Try:", f"  KEYAPI_BASE_URL={url} KEYAPI_TOKEN={sandbox.key} \\"]
            lines += [f"  {typed(*call, platform='' if only else platform)}"]
    print("\n".join(lines), flush=True)  # noqa: T201 - the output of the command


def _apis(clients: Mapping[str, type[SyncClient]]) -> str:
    names = [f"{client.__name__}'s" for client in clients.values()]
    return f"{' and '.join(names)} API{'' if len(names) == 1 else 's'}"


def sandbox_package() -> Any:
    """Import `keyapi.sandbox`, whose dependencies come with an extra.

    Raises:
        UsageError: They are not installed.
    """
    try:
        return import_module("keyapi.sandbox")
    except ImportError as error:
        needed = "The sandbox needs more packages: pip install 'keyapi-tiktok[sandbox]'"
        raise UsageError(needed) from error
