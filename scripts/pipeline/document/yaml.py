"""YAML that comes from outside, read as JSON data or refused.

Only what JSON can express is accepted (YAML 1.2 core scalars, text keys), so that a document means
the same to every tool; size, depth and aliases are bounded before anything is built.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from pipeline.document.building import CORE_SCALARS, TOO_DEEP, CannotBuildError, broken_at, build
from pipeline.errors import PipelineError

MAX_BYTES = 5_000_000
"""Larger than any page of an API reference; KeyAPI's are around 15 kB."""
_REMEDY = "Restore the file, or fetch it again; nothing was written."


# What text is quoted for, by its first character: either YAML 1.1 or 1.2 would read it otherwise.
_OTHERWISE: dict[str, list[re.Pattern[str]]] = {
    character: [pattern for _, pattern in resolvers]
    for character, resolvers in yaml.CSafeDumper.yaml_implicit_resolvers.items()
}
for _, _pattern, _characters in CORE_SCALARS:
    for _character in _characters:
        _OTHERWISE.setdefault(_character, []).append(re.compile(f"^(?:{_pattern})$"))
# Whether a scalar means the same without quotes, and with them.
_ONLY_PLAIN, _ONLY_QUOTED, _EITHER = (True, False), (False, True), (True, True)


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
        return build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        reason = getattr(error, "problem", None) or str(error)
        # libyaml may find out first, which reads ahead.
        too_deep = "nesting depth" in reason
        problem = TOO_DEEP if too_deep else broken_at(reason, getattr(error, "problem_mark", None))
    except CannotBuildError as error:
        problem = str(error)
    except ValueError as error:
        problem = broken_at(str(error))
    raise PipelineError(problem, where=where, remedy=_REMEDY)


def dump_yaml(data: Any, header: str = "", *, ascii_only: bool = False) -> bytes:
    """Write JSON data as YAML, in the order given; the same data gives the same bytes."""
    text: str = yaml.emit(
        _events(data),
        Dumper=yaml.CSafeDumper,
        allow_unicode=not ascii_only,
        width=100,
        indent=2,
    )
    return (header + text).encode()


def _events(data: Any) -> list[yaml.Event]:
    """What YAML of some data is made of; PyYAML's own way there takes five times as long."""
    events: list[yaml.Event] = [yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False)]
    # An event may occur many times, as most texts of a specification do.
    texts: dict[str, yaml.Event] = {}
    object_begins = yaml.MappingStartEvent(None, None, True, flow_style=False)
    list_begins = yaml.SequenceStartEvent(None, None, True, flow_style=False)
    object_ends, list_ends = yaml.MappingEndEvent(), yaml.SequenceEndEvent()

    def add(value: Any) -> None:
        if isinstance(value, str):
            event = texts.get(value)
            if event is None:
                event = texts[value] = _text_event(value)
            events.append(event)
        elif isinstance(value, dict):
            events.append(object_begins)
            for key, member in value.items():
                add(key)
                add(member)
            events.append(object_ends)
        elif isinstance(value, list):
            events.append(list_begins)
            for member in value:
                add(member)
            events.append(list_ends)
        else:
            events.append(yaml.ScalarEvent(None, None, _ONLY_PLAIN, _written(value)))

    add(data)
    return [*events, yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent()]


def _text_event(text: str) -> yaml.Event:
    otherwise = any(each.match(text) for each in _OTHERWISE.get(text[:1], ()))
    return yaml.ScalarEvent(None, None, _ONLY_QUOTED if otherwise else _EITHER, text)


def _written(value: float | bool | None) -> str:
    """A number, truth value or null as both versions of YAML read it."""
    text = json.dumps(value, allow_nan=False)
    # YAML 1.1 wants a dot in a number with an exponent.
    return text.replace("e", ".0e") if type(value) is float and "." not in text else text


def dump_json(data: Any) -> bytes:
    """Write JSON data as JSON, in the order given; the same data gives the same bytes."""
    return (json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def copied(data: Any) -> Any:
    """Give an independent copy of JSON data."""
    return json.loads(json.dumps(data))
