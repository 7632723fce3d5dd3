"""The options that all operations' commands share."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from keyapi.cli.messages import UsageError
from keyapi.cli.values import count, dashed, place, positive_seconds

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
        Parameter(
            name=("--quiet", "-q"),
            group=OUTPUT,
            negative="",
            show_default=False,
            help="Print only warnings and errors.",
        ),
    ] = False
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
    base_url: Annotated[
        str | None,
        Parameter(group=CLIENT, metavar="URL", help="Server; overrides KEYAPI_BASE_URL."),
    ] = None
    max_credits: Annotated[
        int | None,
        Parameter(
            group=CLIENT, converter=count, metavar="N", help="Spend at most this many credits."
        ),
    ] = None
    rate: Annotated[
        str | None,
        Parameter(group=CLIENT, metavar="N/TIME", help="Rate limit, such as 5/s or 100/m."),
    ] = None
    cache: Annotated[
        Path | None,
        Parameter(
            group=CLIENT,
            converter=place,
            metavar="DIR",
            help="Cache answers here for a day; hits are free.",
        ),
    ] = None
    max_retries: Annotated[
        int,
        Parameter(group=CLIENT, converter=count, metavar="N", help="Retries per call; 0 for none."),
    ] = 3
    timeout: Annotated[
        float,
        Parameter(
            group=CLIENT, converter=positive_seconds, metavar="SECONDS", help="Timeout per phase."
        ),
    ] = 30.0
    contract: Annotated[
        Literal["off", "warn", "raise"],
        Parameter(group=CLIENT, help="What to do about answers that violate the specification."),
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
                raise UsageError("No API key found; set KEYAPI_TOKEN, or use --token-file FILE")
            return None
        if str(self.token_file) == "-":
            return sys.stdin.readline().strip()
        try:
            return self.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problem = error.strerror if isinstance(error, OSError) else "not a text file"
            raise UsageError(f"--token-file {self.token_file}: {problem}") from error


NAMES = frozenset({"all", "help", "version", *map(dashed, Options.__annotations__)})
"""Option names that no parameter of an operation can take."""
