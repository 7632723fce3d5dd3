"""Kinds of arguments by hand: what each takes and sends, and what it refuses in which words.

What is expected stands here after docs/quickstart.md and the docstrings of the runtime's kinds,
whether or not an operation of the client has an argument of the kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from math import inf, nan
from operator import index
from types import MappingProxyType
from typing import Any, NamedTuple

from keyapi import _arguments as kinds
from keyapi._models import Model

_UNCHECKED = "; check_arguments=False sends it as given"
"""How a message ends where the value is refused only as the specification does not list it."""


class Order(IntEnum):
    ASC = 0
    DESC = 1
    SALES_7_D = 7


class _Odd(StrEnum):
    """The value of one is the name of another."""

    ASC = "Desc"
    DESC = "asc"
    PLAIN = "one-day"


class _Parted(IntEnum):
    """The last two differ by `_` alone."""

    H_5 = 2
    TOP_1_A = 3
    TOP_1A = 4


_enum: Any = IntEnum  # whose members a type checker cannot know
_LONG = _enum("_LONG", {f"NUMBER_{number}": number for number in range(23)})


class _Alike(IntEnum):
    DESC = 1
    NEWEST = 0


class _Text(str, Enum):  # noqa: UP042 - its text is not its value
    DOWN = "desc"


class _Words(StrEnum):
    DOWN = "desc"


class Part(Model):
    """An object of a body."""

    __slots__ = ()


class _Like:
    """What stands for a number, as numpy's do."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __index__(self) -> int:
        return self._number

    def __float__(self) -> float:
        return float(self._number)

    def __repr__(self) -> str:
        return f"int64({self._number})"


_Refused = tuple[tuple[Any, str], ...]


class Looks(NamedTuple):
    """What one kind of argument does.

    Attributes:
        kind: The kind.
        sent: Values, and what is sent for each.
        refused: Values, and what the message that refuses each says after "x".
        unlisted: Values that are refused, likewise, unless the client was told not to check.
    """

    kind: Any
    sent: tuple[tuple[Any, Any], ...] = ()
    refused: _Refused = ()
    unlisted: _Refused = ()

    def expected(self, *, checked: bool) -> Iterator[tuple[Any, str]]:
        """Values, with the request that is sent, or the message."""
        yield from ((value, _as_sent(taken)) for value, taken in self.sent)
        yield from ((value, f"x{words}") for value, words in self.refused)
        for value, words in self.unlisted:
            yield value, f"x{words}{_UNCHECKED}" if checked else _as_sent(_as_given(value))


def _got(words: str, *values: Any) -> _Refused:
    return tuple((value, f"{words}, got {value!r}") for value in values)


_IDS = "ids are text: pass "
_FLOAT = "ids are text: read them as text, since a float does not hold all their digits"
_NO_TEXT: tuple[tuple[Any, str], ...] = (
    (7, f" must be text, got 7; {_IDS}'7'"),
    (_Alike.DESC, f" must be text, got 1; {_IDS}'1'"),
    (6.8e18, f" must be text, got 6.8e+18; {_FLOAT}"),
    (b"7", " must be text, got b'7'; decode it first"),
    (True, " must be text, got True"),
    (["a"], " must be text, got ['a']"),
    (b"x" * 77, f" must be text, got b'{'x' * 77}'; decode it first"),
    (b"x" * 99, f" must be text, got b'{'x' * 78}…; decode it first"),
)
_BLANK: tuple[tuple[Any, str], ...] = (
    (" ", " is blank: ' '"),
    ("\t\n", r" is blank: '\t\n'"),
    ("\u3000", r" is blank: '\u3000'"),
    ("a\n", r" contains a line break: 'a\n'; remove it"),
    ("a\rb", r" contains a line break: 'a\rb'; remove it"),
)
_EMPTY = (("", " is empty; give a value, or leave it out"),)
_TEXTS: tuple[tuple[Any, Any], ...] = (
    *((text, text) for text in ("red shoes ", "a\tb", "é\xa0漢", "a\u2028b", "\x00", "7")),
    *((text, "desc") for text in (_Text.DOWN, _Words.DOWN)),
    (type("Str", (str,), {})("a\tb"), "a\tb"),
)
_ANY_TEXT = (("", ""), (" ", " "), ("a\nb", "a\nb"))
_NO_WHOLE = (7.0, nan, inf, "7", b"7", True, Decimal(1), [1])
_ORDERS = " must be one of 'asc' (0), 'desc' (1), 'sales_7_d' (7)"
_FORMS = (*("desc", "DESC", " Desc ", "1", 1), Order.DESC, _Like(1), _Alike.DESC, _Text.DOWN)
_FOREIGN = (_Alike.NEWEST, True, 1.0, nan, b"desc", [1], object)
_LISTED = ", ".join(f"'number_{number}' ({number})" for number in range(20))
_ODD = " must be one of 'asc' ('Desc'), 'desc' ('asc'), 'plain' ('one-day')"
_PARTED = " must be one of 'h_5' (2), 'top_1_a' (3), 'top_1a' (4)"

KINDS: tuple[Looks, ...] = (
    Looks(kinds.Text(), _TEXTS, (*_NO_TEXT, *_BLANK, *_EMPTY)),
    Looks(kinds.Text(empty=True), (("", ""), *_TEXTS), (*_NO_TEXT, *_BLANK)),
    Looks(kinds.Text(free=True), (*_ANY_TEXT, *_TEXTS), _NO_TEXT),
    Looks(
        kinds.Integer(),
        ((7, 7), (-7, -7), (0, 0), (10**30, 10**30), (_Like(7), 7)),
        _got(" must be a whole number", *_NO_WHOLE),
    ),
    Looks(
        kinds.Integer(1, 5),
        ((1, 1), (5, 5), (_Like(5), 5)),
        _got(" must be a whole number", *_NO_WHOLE),
        _got(" must be between 1 and 5", 0, 6, -1, 10**30),
    ),
    Looks(kinds.Integer(1), ((1, 1), (10**9, 10**9)), (), ((0, " must be 1 or more, got 0"),)),
    Looks(
        kinds.Number(),
        ((1.5, 1.5), (2, 2), (_Like(3), 3), (Decimal("0.5"), 0.5), (-0.25, -0.25)),
        (
            *_got(" must be a finite number", nan, inf, -inf),
            *_got(" must be a number", "1", b"1", [1.0]),
            (True, " must be a whole number, got True"),
        ),
    ),
    Looks(
        kinds.Boolean(),
        ((True, True), (False, False), (type("bool_", (), {})(), True)),
        _got(" must be True or False", 1, 0, "true", nan),
    ),
    Looks(
        kinds.Member(lambda: Order),
        (
            *((value, 1) for value in _FORMS),
            *((name, 7) for name in ("sales_7_d", "SALES-7-D", "sales_7d", "Sales7D", "7")),
            *((value, 0) for value in (Order.ASC, 0, "asc", "0")),
        ),
        _got(_ORDERS, *_FOREIGN),
        (*_got(_ORDERS, 2, -1, "newest", "", "_"), (_Like(8), f"{_ORDERS}, got 8")),
    ),
    Looks(
        kinds.Member(lambda: _Odd),
        (
            *((text, "Desc") for text in ("Desc", _Odd.ASC)),
            *((text, "asc") for text in ("asc", "ASC", _Odd.DESC)),
            *((text, "one-day") for text in ("plain", "PLAIN", "one-day", "ONE_DAY", " one_day ")),
        ),
        _got(_ODD, True, b"asc", 1.5),
        _got(_ODD, "", "day", 1),
    ),
    Looks(
        kinds.Member(lambda: _Parted),
        (("h5", 2), ("H-5", 2), ("top_1_a", 3), ("top_1a", 4), ("TOP-1A", 4)),
        (),
        _got(_PARTED, "top1a", "top", "_1"),
    ),
    Looks(
        kinds.Member(lambda: _LONG),
        (("number_22", 22),),
        (),
        ((23, f" must be one of {_LISTED} or 3 more members of _LONG, got 23"),),
    ),
    Looks(
        kinds.List(kinds.Text()),
        (
            *((value, ["1", "2"]) for value in (["1", "2"], ("1", "2"), {"1": 0, "2": 0}.keys())),
            (["1"], ["1"]),
        ),
        (
            ("1,2", " must be a list, got '1,2'; pass ['1,2']"),
            (b"1", " must be a list, got b'1'"),
            (7, " must be a list, got 7"),
            ({"1": "2"}, " must be a list, got {'1': '2'}"),
            ([], " is empty; give a value, or leave it out"),
            (["1", 2], f"[1] must be text, got 2; {_IDS}'2'"),
            ([None], "[0] must be text, got None"),
            (["1", ""], "[1] is empty"),
        ),
    ),
    Looks(
        kinds.List(kinds.Member(lambda: Order), empty=True),
        (([], []), (["desc", Order.ASC, 7], [1, 0, 7])),
        ((["desc", True], f"[1]{_ORDERS}, got True"),),
        ((["asc", 9], f"[1]{_ORDERS}, got 9"),),
    ),
    Looks(
        kinds.Object(lambda: Part, {"order": kinds.Member(lambda: Order)}),
        (
            *((whole({"a": Order.DESC}), {"a": 1}) for whole in (dict, Part.from_dict)),
            (MappingProxyType({"order": "desc", "b": None}), {"order": 1, "b": None}),
            ({"order": None}, {"order": None}),
            ({}, {}),
            ({"in": [Part.from_dict({"x": (1, Order.DESC)})]}, {"in": [{"x": [1, 1]}]}),
        ),
        (
            *_got(" must be of class Part, or a mapping", "x", 7, [["a", 1]]),
            ({"order": True}, f".order{_ORDERS}, got True"),
        ),
        (({"order": "up"}, f".order{_ORDERS}, got 'up'"),),
    ),
    Looks(
        kinds.Anything(),
        (
            *((value, value) for value in (7, 1.5, True, "x", [1, "a"], {"a": 1})),
            (Order.DESC, 1),
            ((Order.DESC, Part.from_dict({"a": 1})), [1, {"a": 1}]),
        ),
        (
            *((value, f" must not be {value!r}") for value in (nan, inf)),
            (b"x", " must be text, got b'x'; decode it first"),
            *_BLANK,
            *_EMPTY,
        ),
    ),
    Looks(kinds.Anything(free=True), _ANY_TEXT, ((nan, " must not be nan"),)),
)


def _as_sent(value: Any) -> str:
    """The request that has a value as `x` in its body."""
    return f"POST /x {json.dumps({'x': value})}"


def _as_given(value: Any) -> Any:
    """What is sent of a value that is not listed: the value, but for what is listed within it."""
    if isinstance(value, list):
        return [Order.ASC if each == "asc" else each for each in value]
    return index(value) if isinstance(value, _Like) else value
