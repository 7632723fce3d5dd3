"""`keyapi sandbox`: a server on this machine that answers as KeyAPI would."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from keyapi.cli.messages import OK, CommandError, UsageError
from keyapi.cli.values import count, seconds

if TYPE_CHECKING:
    from keyapi._client import SyncClient


def sandbox(
    *,
    port: Annotated[int | None, Parameter(converter=count, metavar="N", help="Port.")] = None,
    key: Annotated[str | None, Parameter(metavar="TEXT", help="The key it takes.")] = None,
    credits: Annotated[  # noqa: A002 - the option's name
        int | None,
        Parameter(
            converter=count, metavar="N", help="What may be spent; without end, if not given."
        ),
    ] = None,
    qps: Annotated[
        int | None,
        Parameter(converter=count, metavar="N", help="Requests per second before it answers 429."),
    ] = None,
    seed: Annotated[
        int | None, Parameter(converter=count, metavar="N", help="The data's seed.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            metavar="FAULT",
            help="What goes wrong, such as html-502@2; may be repeated. See --list-faults.",
        ),
    ] = None,
    latency: Annotated[
        float | None,
        Parameter(converter=seconds, metavar="SECONDS", help="How long each answer takes."),
    ] = None,
    strict: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Refuse parameters that do not exist."),
    ] = False,
    control: Annotated[
        bool, Parameter(negative="", show_default=False, help="Serve /_sandbox/ for tests.")
    ] = False,
    platform: Annotated[
        str | None, Parameter(metavar="NAME", help="Which client's API, where there are several.")
    ] = None,
    list_faults: Annotated[
        bool, Parameter(negative="", show_default=False, help="List what can go wrong, and end.")
    ] = False,
) -> int:
    """Serve the API on this machine: offline, free of charge, with data of its own."""
    from keyapi._clients import find

    here = served()
    if list_faults:
        width = max(map(len, here.FAULTS))
        for name, one in here.FAULTS.items():
            print(f"{name:{width}}  {one.description}")  # noqa: T201 - the output of the command
        return OK
    given: dict[str, Any] = {
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
    client = find(platform)
    options = {name: value for name, value in given.items() if value is not None}
    try:
        here.run(client, report=lambda sandbox, url: _report(client, sandbox, url), **options)
    except ValueError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise CommandError(f"It cannot be served: {error.strerror or error}") from error
    return OK


def _report(client: type[SyncClient], sandbox: Any, url: str) -> None:
    """Say where it is, by which key, and one line to try."""
    from keyapi._clients import methods
    from keyapi.cli.commands import commands
    from keyapi.cli.examples import documented, typed

    lines = [f"{url} serves {client.__name__}'s API; Ctrl-C stops it.", f"Key: {sandbox.key}"]
    found = documented(commands(methods(client), sandbox.spec.operations))
    if found is not None:
        lines += ["Try:", f"  KEYAPI_BASE_URL={url} KEYAPI_TOKEN={sandbox.key} \\"]
        lines += [f"  {typed(*found)}"]
    print("\n".join(lines), flush=True)  # noqa: T201 - the output of the command


def served() -> Any:
    """Give the module `keyapi.sandbox`, whose packages come with an extra.

    Raises:
        UsageError: They are not installed.
    """
    try:
        return import_module("keyapi.sandbox")
    except ImportError as error:
        needed = "The sandbox needs more packages: pip install 'keyapi-tiktok[sandbox]'"
        raise UsageError(needed) from error
