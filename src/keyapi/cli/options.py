"""The options that all operations' commands share.

Without postponed annotations: classes made in other modules derive from these, and what their
annotations name is looked up there.
"""

import os
import sys
from dataclasses import dataclass, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from keyapi._options import OPTIONS, Option
from keyapi.cli.messages import UsageError
from keyapi.cli.values import count, dashed, place, positive_seconds

PAGES = Group("Pages", sort_key=1)
OUTPUT = Group("Output", sort_key=2)
CLIENT = Group("Client", sort_key=3)


def quietly(group: Group) -> Parameter:
    """The flag `--quiet`, in a group of the help."""
    return Parameter(
        name=("--quiet", "-q"),
        group=group,
        negative="",
        show_default=False,
        help="Print only warnings and errors.",
    )


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """How a command's client is made.

    Attributes:
        token_file: File that holds the key; `-` for stdin.
    """

    token_file: Annotated[
        Path | None,
        Parameter(
            group=CLIENT,
            converter=place,
            allow_leading_hyphen=True,
            metavar="FILE",
            help="File with the API key, - for stdin; overrides KEYAPI_TOKEN.",
        ),
    ] = None

    def for_client(self) -> dict[str, Any]:
        """The arguments of the client class.

        Raises:
            UsageError: There is no key, or its file cannot be read.
        """
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {"token": self._token(), **{key: given[key] for key in OPTIONS if key in given}}

    def _token(self) -> str | None:
        from keyapi._connection import TOKEN_VARIABLES

        if self.token_file is None:
            if not any(map(os.environ.get, TOKEN_VARIABLES)):
                raise UsageError("No API key found; set KEYAPI_TOKEN, or use --token-file FILE")
            return None
        if str(self.token_file) == "-":
            return sys.stdin.readline().strip()
        try:
            return self.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problem = error.strerror if isinstance(error, OSError) else "not a text file"
            raise UsageError(f"--token-file {self.token_file}: {problem}") from error


@dataclass(frozen=True, kw_only=True)
class Options(ClientOptions):
    """What is done with an answer, and how the key is given.

    `CommandOptions` adds the client's options.

    Attributes:
        format: Format of the output.
        columns: Columns to give, separated by commas.
        output: File to write to.
        append: Whether to add to it.
        raw: Whether to give the answers as received.
        quiet: Whether to say only what went wrong.
    """

    format: Annotated[
        Literal["table", "json", "jsonl", "csv", "parquet", "arrow"] | None,
        Parameter(group=OUTPUT, help="Default: table on a terminal, jsonl elsewhere."),
    ] = None
    columns: Annotated[
        str | None,
        Parameter(group=OUTPUT, metavar="NAMES", help="Columns to write, comma-separated, or all."),
    ] = None
    output: Annotated[
        Path | None,
        Parameter(
            group=OUTPUT,
            converter=place,
            allow_leading_hyphen=True,
            metavar="FILE",
            help="Write to a file, atomically; its suffix sets the format.",
        ),
    ] = None
    append: Annotated[
        bool,
        Parameter(
            group=OUTPUT,
            negative="",
            show_default=False,
            help="Add to the file (jsonl, csv, --raw) instead of replacing it.",
        ),
    ] = False
    raw: Annotated[
        bool,
        Parameter(
            group=OUTPUT,
            negative="",
            show_default=False,
            help="Write answers exactly as received.",
        ),
    ] = False
    quiet: Annotated[
        bool,
        quietly(OUTPUT),
    ] = False


# How the value of a client's option is read, by what stands for it in help; others are text.
_KINDS: dict[str, tuple[type, Any]] = {
    "N": (int, count),
    "SECONDS": (float, positive_seconds),
    "DIR": (Path, place),
}
_FROM_ENVIRONMENT = ("max_credits", "rate")
"""Limits that hold for every command of a shell; a job must not forget them."""


def client_option(option: Option) -> tuple[str, Any, Any]:
    """A field of a command's options: name, annotated type and default."""
    assert option.flag is not None  # noqa: S101 - only such are asked for
    help_, metavar, choices = option.flag
    kind: Any
    kind, convert = _KINDS.get(metavar, (str, None))
    facts: dict[str, Any] = {"converter": convert} if convert is not None else {}
    if option.name in _FROM_ENVIRONMENT:
        facts["env_var"] = f"KEYAPI_{option.name.upper()}"
    if choices:
        kind = Literal[choices]
    else:
        facts["metavar"] = metavar
    annotated = kind | None if option.default is None else kind
    return (
        option.name,
        Annotated[annotated, Parameter(group=CLIENT, help=help_, **facts)],
        option.default,
    )


CommandOptions: type[Options] = make_dataclass(
    "CommandOptions",
    [client_option(option) for option in OPTIONS.values() if option.flag is not None],
    bases=(Options,),
    namespace={"__module__": __name__},
    frozen=True,
    kw_only=True,
)
"""The options of every operation's command: these, and those of the client that have a flag."""

NAMES = frozenset(
    {"all", "help", "version", *(dashed(each.name) for each in fields(CommandOptions))}
)
"""Option names that no parameter of an operation can take."""
