"""Refuse what a published document has no reason to contain, before anything is used."""

from __future__ import annotations

import re
from typing import Any

from keyapi._facts import EXTENSION
from keyapi._json import pointer
from pipeline.document.structure import fields
from pipeline.errors import PipelineError

_TRIPLE_QUOTE = re.compile(r'"""|\'\'\'')
# Controls, line separators, and the bidirectional overrides that make code read as other code.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
)
_NOT_IN_NAMES = re.compile(r"""["'`\\;{}<>=#\r\n\t]""")
# With its parameters: `application/json; charset="utf-8"`.
_MEDIA_TYPE = re.compile(r'[\w.+*/-]{1,99}(?: ?; ?[\w-]{1,20}="?[\w.-]{1,40}"?){0,2}')
_MAX_NAME = 200
MAX_PARAMETERS = 1_000
"""How many an operation may have: the generator compares each with all others."""
OPERATORS = {
    "=": "EQ",
    "==": "EQ",
    "!=": "NE",
    "<>": "NE",
    "<": "LT",
    "<=": "LE",
    ">": "GT",
    ">=": "GE",
}
"""What a filter may be called in the request, and the name of a member that stands for it."""
_NAME_LISTS = frozenset({"tags", "required", "enum"})


def refuse_hostile(block: dict[str, Any], name: str) -> None:
    """Refuse what could leave the document: remote references, and text made to become code.

    Names and texts become identifiers and docstrings of generated code. The generator escapes
    both; a text that even tries to end a docstring, or a name that holds code's punctuation, is
    refused all the same, since no API reference has a reason for it.
    """

    def refuse(problem: str, at: tuple[str | int, ...]) -> None:
        raise PipelineError(
            problem,
            where=name,
            pointer=pointer(*at),
            remedy="Do not vendor this page until its publisher has corrected it.",
        )

    def check_name(value: Any, at: tuple[str | int, ...]) -> None:
        if not isinstance(value, str):
            refuse("a name is not text", at)
        elif bad := _NOT_IN_NAMES.search(value) or _CONTROL.search(value):
            refuse(f"the name {value[:60]!r} contains {bad[0]!r}", at)
        elif len(value) > _MAX_NAME:
            refuse(f"the name {value[:40]!r}… is longer than {_MAX_NAME} characters", at)

    def check_text(value: Any, at: tuple[str | int, ...]) -> None:
        if isinstance(value, str) and (
            bad := _TRIPLE_QUOTE.search(value) or _CONTROL.search(value)
        ):
            refuse(f"the text contains {bad[0]!r}, which could break out of a docstring", at)

    def no_reference(value: Any, at: tuple[str | int, ...]) -> None:
        if isinstance(value, dict) and "$ref" in value:
            refuse("a default contains a reference", at)
        for child in value.values() if isinstance(value, dict) else ():
            no_reference(child, at)
        for child in value if isinstance(value, list) else ():
            no_reference(child, at)

    def walk(node: Any, at: tuple[str | int, ...], *, names: bool = False) -> None:
        if isinstance(node, list):
            for index, item in enumerate(node):
                walk(item, (*at, index))
            return
        if not isinstance(node, dict):
            return
        for key, value, role, names_below in fields(node, names=names):
            here = (*at, key)
            if role == "named":
                if not (at[-1] == "content" and _MEDIA_TYPE.fullmatch(key)):
                    check_name(key, here)
                walk(value, here)
            elif key == EXTENSION:
                refuse("x-keyapi is reserved for what this project infers", here)
            elif key == "x-enum-varnames" or (key in _NAME_LISTS and isinstance(value, list)):
                for index, item in enumerate(value if isinstance(value, list) else [value]):
                    if isinstance(item, str):
                        if key != "enum" or item not in OPERATORS:
                            check_name(item, (*here, index))
                    else:
                        walk(item, (*here, index))
            elif role == "data":
                # Its values are data; keys that become names are escaped like any other. But a
                # validator resolves references in a default as anywhere else.
                if key == "default":
                    no_reference(value, here)
            elif role == "extension":
                continue  # dropped before anything reads it
            elif key == "parameters" and isinstance(value, list):
                if len(value) > MAX_PARAMETERS:
                    refuse(f"{len(value):,} parameters, more than {MAX_PARAMETERS:,}", here)
                walk(value, here)
            elif key == "$ref":
                if not isinstance(value, str) or not value.startswith("#/"):
                    refuse(f"the reference {value!r} leaves the page", here)
                check_text(value, here)
            elif key in ("name", "operationId") or (key == "const" and isinstance(value, str)):
                check_name(value, here)
            elif key in ("description", "summary", "title", "url"):
                check_text(value, here)
            else:
                walk(value, here, names=names_below)

    walk(block, ())
