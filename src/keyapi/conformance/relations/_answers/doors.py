"""Ways out of a row: however it is read, copied or written, it is as it was received.

What is expected is worded after `docs/responses.md` and the docstring of `Model`.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from keyapi._models import Model

_UNKNOWN: dict[str, Any] = {"an undocumented": ["property", None], "another": {"null": None}}


def as_received(
    model: type[Model], row: Mapping[str, Any]
) -> Iterator[tuple[str, str, Callable[[], str]]]:
    """Compare what each way out of a row gives with what was received, by type and order too.

    Args:
        model: The class of the row.
        row: A value for every documented property.

    Yields:
        The rule, what is expected, and what gives what is found, both as text.
    """
    nulls = dict.fromkeys((*row, *_UNKNOWN))
    ways = {**_ways(model), **_by_pydantic(model)}
    for case, received in (("a full row", {**row, **_UNKNOWN}), ("a row of nulls", nulls)):
        for rule, read in ways.items():
            yield f"{rule} of {case}", repr(received), _reading(read, model, received)
    yield "equal", "False", lambda: str(model.from_dict(nulls) == model.from_dict({}))


def _reading(
    read: Callable[[Model], Any], model: type[Model], received: Mapping[str, Any]
) -> Callable[[], str]:
    """Read a row twice, for the first reader may change what it was given."""

    def found() -> str:
        view = model.from_dict(copy.deepcopy(received))
        _change(read(view))
        return repr(_plain(read(view)))

    return found


def _ways(model: type[Model]) -> dict[str, Callable[[Model], Any]]:
    return {
        "to_dict()": lambda view: view.to_dict(),
        "dict()": dict,
        "iteration": lambda view: dict([*view]),
        "deepcopy": copy.deepcopy,
        "copy": lambda view: copy.copy(view).to_dict(),
        "replace": lambda view: view.__replace__().to_dict(),
        "pickle": lambda view: pickle.loads(pickle.dumps(view)),  # noqa: S301 - made here
    }


def _by_pydantic(model: type[Model]) -> dict[str, Callable[[Model], Any]]:
    """What a field of a pydantic model gives, and what FastAPI makes of a response."""
    if find_spec("pydantic") is None:
        return {}
    from pydantic import create_model

    report: Any = create_model("Report", rows=(list[model], ...))  # type: ignore[valid-type]
    return {
        "pydantic's model_dump": lambda view: report(rows=[view]).model_dump()["rows"][0],
        "pydantic's mode json": lambda view: report(rows=[view]).model_dump(mode="json")["rows"][0],
        "pydantic's JSON": lambda view: json.loads(report(rows=[view]).model_dump_json())["rows"][
            0
        ],
        "pydantic's row": lambda view: report(rows=[view.to_dict()]).rows[0],
        "pydantic's row of JSON": lambda view: report.model_validate_json(
            json.dumps({"rows": [view.to_dict()]})
        ).rows[0],
    }


def _plain(found: Any) -> Any:
    return found.to_dict() if isinstance(found, Model) else found


def _change(found: Any) -> None:
    """Change what was given, on the top and within."""
    given = found._row if isinstance(found, Model) else found
    for value in given.values():
        if isinstance(value, list):
            value.append("changed")
        elif isinstance(value, dict):
            value["changed"] = True
    given["changed"] = True
