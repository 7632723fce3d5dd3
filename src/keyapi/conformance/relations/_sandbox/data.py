"""Server -> spec: what the lists of a sandbox hold, by row, seed and subject."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import wire
from keyapi.conformance.relations._sandbox.options import Sandboxes
from keyapi.conformance.relations._shared import Compared
from keyapi.conformance.walking.values import several
from keyapi.contract import tells_apart
from keyapi.sandbox import Reply
from keyapi.sandbox._catalogue import Catalogue
from keyapi.specification import OperationSpec, Specification, value_at

_SMALL = 200
"""Characters of an answer; no smaller one need differ from seed to seed."""
_SUBJECTS, _SEVERAL = 30, 200
"""Subjects, and rows that the longest of their lists has at least."""
_LONG, _FEW = 450, 50
"""Rows of a list longer than any that a seed gives; and of one too short to be compared."""


def data(sandboxes: Sandboxes) -> Compared:
    """The same seed gives the same data, and each answer an id of its own."""
    first, second = sandboxes.ask(sandboxes.open(seed=3), 2)
    (again,) = sandboxes.ask(sandboxes.open(seed=3, fresh=True))
    yield "seed", without_id(first), without_id(second)
    yield "seed", without_id(first), without_id(again)
    seeds = (3, 4, 5, 6)
    others = [
        sandboxes.ask(sandboxes.open(seed=seed), **_undocumented(sandboxes))[0] for seed in seeds
    ]
    bodies = [str(without_id(reply)) for reply in others]
    if len(bodies[0]) > _SMALL and _has_made_up_rows(sandboxes.operation, others):
        yield "seed", True, len({*bodies}) > 1
    ids = [reply.json.get("requestId") for reply in (first, second) if reply.body]
    if ids and all(ids):
        yield "requestId", True, ids[0] != ids[-1]


def _undocumented(sandboxes: Sandboxes) -> dict[str, Any]:
    """What a call for other ids than those of the documented row changes in the good call."""
    operation = sandboxes.operation
    arguments = dict(next(iter(cases(operation))).arguments)
    for name in operation.ids:
        wanted = several(operation, name, arguments.get(name, ()))
        if wanted[1:]:
            arguments[name] = wanted[1:]
    return vars(wire(operation, arguments))


def _has_made_up_rows(operation: OperationSpec, replies: Sequence[Reply]) -> bool:
    """Whether there are rows besides the documented ones, which are the same with each seed."""
    path = operation.items
    if path is None:
        return False
    documented = value_at(operation.example(operation.success), path) or []
    return any(row not in documented for reply in replies for row in value_at(reply.json, path))


def lists(sandboxes: Sandboxes) -> Compared:
    """A long list has each row once; another seed, or another subject, has other rows."""
    operation = sandboxes.operation
    if not operation.properties():
        return
    spec = sandboxes.open().spec
    arguments = next(iter(cases(operation))).arguments
    rows = list(_rows(sandboxes, spec, 3, arguments))
    apart = [text for text, is_apart, _ in rows if is_apart]
    yield "rows of a list", len(apart), len({*apart})
    for name in {*operation.echoes} & {*arguments} if rows else ():
        repeated = {str(row.get(name)) for _, _, row in rows}
        yield f"{name} in a list", {str(arguments[name])}, repeated
    identity = operation.identity
    if identity is not None:
        ids = [row[identity] for _, _, row in rows if identity in row]
        yield f"{identity} in a list", len(ids), len({*ids})
    if len(rows) < _FEW:
        return
    subjects = {
        name: {**arguments, name: f"{arguments[name]}0"}
        for name in operation.echoes
        if isinstance(arguments.get(name), str)
    }
    if subjects and operation.paging is not None:
        longest = max(
            len(Catalogue(spec, 0).rows(operation, {**arguments, name: str(number)}))
            for name in subjects
            for number in range(_SUBJECTS)
        )
        yield "several hundred rows", True, longest >= _SEVERAL or f"{longest} at most"
    others = {"seed": (4, arguments), "neighbouring seed": (2, arguments)}
    others |= {name: (3, asked) for name, asked in subjects.items()}
    for what, (seed, asked) in others.items():
        texts = {text for text, _, _ in _rows(sandboxes, spec, seed, asked)}
        common = texts & {text for text, _, _ in rows}
        yield f"rows of another {what}", True, len(common) * 2 < len(rows) or len(common)


def _rows(
    sandboxes: Sandboxes, spec: Specification, seed: int, arguments: Mapping[str, Any]
) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Rows of a long list, each with its text, but for what many share, and whether that tells."""
    operation = sandboxes.operation
    shared = {*operation.echoes, *operation.filters.values()}
    for row in Catalogue(spec, seed, _LONG).rows(operation, arguments):
        own = {name: value for name, value in row.items() if name not in shared}
        yield json.dumps(own, sort_keys=True), tells_apart(own), row


def without_id(reply: Reply) -> Any:
    """The body of an answer, but for the id that is another each time."""
    return {**reply.json, "requestId": None}


DATA = (data, lists)
"""What looks at data; each is given the sandboxes of an operation."""
