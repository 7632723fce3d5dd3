"""The options that every operation's command has, whatever it calls."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from keyapi.cli.messages import UsageError
from keyapi.cli.values import count, dashed, place, seconds

PAGES = Group("Pages", sort_key=1)
OUTPUT = Group("Output", sort_key=2)
CLIENT = Group("Client", sort_key=3)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is done with an answer, and how it is asked for.

    Attributes:
        format: Format of the output.
        columns: Columns to give, separated by commas.
        output: File to write to.
        raw: Whether to give the answers as received.
        quiet: Whether to say only what went wrong.
        token_file: File that holds the key; `-` for stdin.
        base_url: The server.
        max_credits: What may be spent, in credits.
        rate: Requests per time.
        cache: Folder to keep answers in.
        max_retries: How often a call may be sent again.
        timeout: For each phase of a request, in seconds.
        contract: What is done about answers that break the specification.
    """

    format: Annotated[
        Literal["table", "json", "jsonl", "csv"] | None,
        Parameter(group=OUTPUT, help="A table on a terminal and jsonl elsewhere, if not given."),
    ] = None
    columns: Annotated[
        str | None,
        Parameter(group=OUTPUT, metavar="NAMES", help="Comma-separated, or all."),
    ] = None
    output: Annotated[
        Path | None,
        Parameter(
            group=OUTPUT,
            converter=place,
            allow_leading_hyphen=True,
            metavar="FILE",
            help="Write to a file, whole or not at all; its ending tells the format.",
        ),
    ] = None
    raw: Annotated[
        bool,
        Parameter(
            group=OUTPUT, negative="", show_default=False, help="The answers as received, whole."
        ),
    ] = False
    quiet: Annotated[
        bool,
        Parameter(
            name=("--quiet", "-q"),
            group=OUTPUT,
            negative="",
            show_default=False,
            help="Say only what went wrong.",
        ),
    ] = False
    token_file: Annotated[
        Path | None,
        Parameter(
            group=CLIENT,
            converter=place,
            allow_leading_hyphen=True,
            metavar="FILE",
            help="Read the key from a file, - for stdin, instead of KEYAPI_TOKEN.",
        ),
    ] = None
    base_url: Annotated[
        str | None,
        Parameter(group=CLIENT, metavar="URL", help="The server, instead of KEYAPI_BASE_URL's."),
    ] = None
    max_credits: Annotated[
        int | None,
        Parameter(group=CLIENT, converter=count, metavar="N", help="Send nothing beyond that."),
    ] = None
    rate: Annotated[
        str | None, Parameter(group=CLIENT, metavar="N/TIME", help="Such as 5/s or 100/m.")
    ] = None
    cache: Annotated[
        Path | None,
        Parameter(group=CLIENT, metavar="DIR", help="Keep answers there for a day; hits are free."),
    ] = None
    max_retries: Annotated[
        int, Parameter(group=CLIENT, converter=count, metavar="N", help="0 for never.")
    ] = 3
    timeout: Annotated[
        float, Parameter(group=CLIENT, converter=seconds, metavar="SECONDS", help="Per phase.")
    ] = 30.0
    contract: Annotated[
        Literal["off", "warn", "raise"],
        Parameter(group=CLIENT, help="What to do about answers that break the specification."),
    ] = "off"

    def for_client(self) -> dict[str, Any]:
        """The arguments of the client class.

        Raises:
            UsageError: There is no key, or its file cannot be read.
        """
        return {
            "token": self._token(),
            "base_url": self.base_url,
            "max_credits": self.max_credits,
            "rate": self.rate,
            "cache": self.cache,
            "max_retries": self.max_retries,
            "timeout": self.timeout,
            "contract": self.contract,
        }

    def _token(self) -> str | None:
        from keyapi._config import _TOKEN_VARIABLES

        if self.token_file is None:
            if not any(map(os.environ.get, _TOKEN_VARIABLES)):
                raise UsageError("There is no API key: set KEYAPI_TOKEN, or give --token-file FILE")
            return None
        if str(self.token_file) == "-":
            return sys.stdin.readline().strip()
        try:
            return self.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problem = error.strerror if isinstance(error, OSError) else "it is not text"
            raise UsageError(f"--token-file {self.token_file}: {problem}") from error


NAMES = frozenset({"all", "help", "version", *map(dashed, Options.__annotations__)})
"""Names of options that no operation's parameter can have."""
