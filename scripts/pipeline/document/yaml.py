"""YAML that comes from outside, read as JSON data or refused.

Only what JSON can express is accepted (YAML 1.2 core scalars, text keys), so that a document means
the same to every tool; size, depth and aliases are bounded before anything is built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import yaml

from pipeline.document.values import MAX_DEPTH, finite, integer
from pipeline.errors import PipelineError

MAX_BYTES = 5_000_000
"""Larger than any page of an API reference; KeyAPI's are around 15 kB."""
_TOO_DEEP = f"the YAML is nested deeper than {MAX_DEPTH} levels"
_REMEDY = "Restore the file, or fetch it again; nothing was written."
MAX_NODES = 200_000
"""How many nodes a document may have once its aliases are written out."""

_CORE_SCALARS = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
)


_Number = TypeVar("_Number", int, float)


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader with YAML 1.2's core scalars and text keys: no dates, no `yes`."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the base class declares it so


class _Dumper(yaml.CSafeDumper):
    """Quotes whatever either YAML 1.1 or 1.2 would not read as the same text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _tag, _pattern, _first in _CORE_SCALARS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(
            f"tag:yaml.org,2002:{_tag}",
            re.compile(f"^(?:{_pattern})$"),
            ["" if character == "\0" else character for character in _first],
        )


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key is not text", key.start_mark)
        if key.value in seen:
            problem = f"the key {key.value!r} appears twice"
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        seen.add(key.value)
    loader.flatten_mapping(node)
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


def _integer(_loader: _Loader, node: yaml.ScalarNode) -> int:
    return _read(integer, node)


def _number(_loader: _Loader, node: yaml.ScalarNode) -> float:
    return _read(finite, node)


def _read(read: Callable[[str], _Number], node: yaml.ScalarNode) -> _Number:
    try:
        return read(node.value)
    except ValueError as error:
        raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None


_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def load_yaml(text: str, where: str) -> Any:
    """Read a YAML document as plain JSON data.

    Args:
        text: The document.
        where: Name of the file, for errors.

    Raises:
        PipelineError: It is not valid YAML, not expressible as JSON, or larger or deeper than
            this module's bounds, aliases written out.
    """
    if len(text) > MAX_BYTES:
        raise PipelineError(
            f"the document is over {MAX_BYTES:,} characters", where=where, remedy=_REMEDY
        )
    try:
        _bound_events(text, where)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, see above
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1} of the YAML" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        if "nesting depth" in problem:  # libyaml may find out first, which reads ahead
            problem, line = _TOO_DEEP, ""
        raise PipelineError(f"broken YAML: {problem}{line}", where=where, remedy=_REMEDY) from None
    except ValueError as error:
        raise PipelineError(f"broken YAML: {error}", where=where, remedy=_REMEDY) from None
    return data


def _bound_events(text: str, where: str) -> None:
    """Refuse, from the event stream alone, what would cost memory or stack to build.

    Counted with aliases written out: `anchors[anchor]` is the size and the height one alias adds.
    """
    anchors: dict[str, tuple[int, int]] = {}
    # Of each open collection: anchor, nodes before it, and how deep its deepest member goes.
    opened: list[tuple[str | None, int, int]] = []
    count = deepest = 0

    def refuse(problem: str) -> None:
        raise PipelineError(problem, where=where, remedy=_REMEDY)

    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        height = 0
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _, _ in opened):
                refuse(f"the alias *{event.anchor} contains itself")
            size, height = anchors.get(event.anchor or "", (0, 0))
            count += size
        elif isinstance(event, yaml.NodeEvent):
            tag = getattr(event, "tag", None)
            if tag is not None and tag not in ("!", "tag:yaml.org,2002:str"):
                refuse(f"the YAML tag {tag} is not allowed")
            count += 1
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, count, 0))
            elif event.anchor:
                anchors[event.anchor] = (1, 0)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before, inner = opened.pop()
            height = inner + 1
            if anchor:
                anchors[anchor] = (count - before + 1, height)
        else:
            continue
        if opened and height:
            anchor, before, inner = opened[-1]
            opened[-1] = (anchor, before, max(inner, height))
        deepest = max(deepest, len(opened) + height)
        if deepest > MAX_DEPTH:
            refuse(_TOO_DEEP)
        if count > MAX_NODES:
            refuse(f"the YAML has more than {MAX_NODES:,} nodes once its aliases are written out")


def dump_yaml(data: Any, header: str = "", *, ascii_only: bool = False) -> bytes:
    """Write JSON data as YAML, in the order given; the same data gives the same bytes."""
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=not ascii_only, width=100, indent=2
    )
    return (header + text).encode()


def dump_json(data: Any) -> bytes:
    """Write JSON data as JSON, in the order given; the same data gives the same bytes."""
    return (json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def copied(data: Any) -> Any:
    """Give an independent copy of JSON data."""
    return json.loads(json.dumps(data))
