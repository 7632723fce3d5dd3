"""The options of `keyapi export`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter, Token

from keyapi._options import OPTIONS
from keyapi.cli.options import ClientOptions, client_option, quietly
from keyapi.cli.values import count, dashed, place, positive

_RUN = Group("Export", sort_key=2)


def _flag(text: str) -> Parameter:
    return Parameter(group=_RUN, negative="", show_default=False, help=text)


def _value(metavar: str, text: str, **facts: Any) -> Parameter:
    return Parameter(group=_RUN, metavar=metavar, help=text, **facts)


def _listed(kind: Any, tokens: Sequence[Token]) -> str:
    """Read FILE[:COLUMN], or `-`; an option that follows by mistake is refused."""
    return str(place(kind, tokens))


_LIMITS: list[tuple[str, Any, Any]] = [
    (
        "max_credits",
        Annotated[
            int | None,
            _value(
                "N",
                "Spend at most this many credits in all, over all resumes of the run.",
                converter=count,
                env_var="KEYAPI_MAX_CREDITS",
            ),
        ],
        None,
    ),
    (
        "concurrency",
        Annotated[int, _value("N", "Ids that are asked for at once.", converter=positive)],
        16,
    ),
    (
        "as_of",
        Annotated[
            str | None,
            _value(
                "DATE", "The run's day. Default: the newest run that is not finished, or today."
            ),
        ],
        None,
    ),
    (
        "on_new_day",
        Annotated[
            Literal["stop", "continue"] | None,
            _value(
                "",
                "What to do if the run began on an earlier day: stop, or continue and mix days. "
                "Default: ask on a terminal, else stop.",
            ),
        ],
        None,
    ),
    (
        "quiet",
        Annotated[
            bool,
            quietly(_RUN),
        ],
        False,
    ),
    (
        "engine",
        Annotated[
            str | None,
            _value(
                "dask[:ADDRESS]",
                "Have worker processes ask, of this machine or of a Dask cluster.",
            ),
        ],
        None,
    ),
    (
        "workers",
        Annotated[
            int,
            _value("N", "Worker processes; --concurrency is that of each.", converter=positive),
        ],
        2,
    ),
    (
        "redis",
        Annotated[
            str | None,
            _value("URL", "Redis that workers of a cluster share budget and pace by."),
        ],
        None,
    ),
    (
        "segments",
        Annotated[
            str | None,
            _value(
                "PLACE",
                "Folder or URI that all workers write to. Default: segments, below --out.",
            ),
        ],
        None,
    ),
]
CLIENT_FIELDS: list[tuple[str, Any, Any]] = [
    client_option(option)
    for option in OPTIONS.values()
    if option.flag is not None and option.name != "max_credits"
]
"""Options of the client; the budget is that of the run."""
RetryOptions: Any = make_dataclass(
    "RetryOptions",
    [*_LIMITS, *CLIENT_FIELDS],
    bases=(ClientOptions,),
    namespace={"__module__": __name__, "__doc__": "The options of `keyapi export retry`."},
    frozen=True,
    kw_only=True,
)
ExportOptions: Any = make_dataclass(
    "ExportOptions",
    [
        (
            "ids",
            Annotated[
                str,
                _value(
                    "FILE[:COLUMN]",
                    "Ids: CSV, TSV, Parquet, JSON lines or text; - for stdin.",
                    converter=_listed,
                    allow_leading_hyphen=True,
                ),
            ],
        ),
        (
            "out",
            Annotated[
                str, _value("FOLDER", "Folder of the files, or a URI such as s3://bucket/folder.")
            ],
        ),
        (
            "journal",
            Annotated[
                Path | None,
                _value("DIR", "Local folder of the journal. Default: --out.", converter=place),
            ],
            None,
        ),
        (
            "id_parameter",
            Annotated[str | None, _value("NAME", "The parameter that takes the id.")],
            None,
        ),
        (
            "max_pages",
            Annotated[
                int | None,
                _value("N", "Ask for this many pages of an id at most.", converter=positive),
            ],
            None,
        ),
        (
            "dry_run",
            Annotated[bool, _flag("Say what it will cost, and send nothing.")],
            False,
        ),
        *_LIMITS,
        *CLIENT_FIELDS,
    ],
    bases=(ClientOptions,),
    namespace={"__module__": __name__, "__doc__": "The options of `keyapi export`."},
    frozen=True,
    kw_only=True,
)
NAMES = frozenset(dashed(name) for name in ExportOptions.__dataclass_fields__)
