"""Every regular expression of the code, and whether its time is linear in the length of a text.

Patterns are found by themselves: compiled ones wherever a module keeps them, and those that a
function passes to `re`. Texts that could make each slow are made from its own parts: a beginning
that it matches, one of its characters or pieces many times over, and an end that it does not match.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import pkgutil
import re
import string
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from re import _constants as codes  # type: ignore[attr-defined]  # the parser of `re` has no types
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

from support.time_limit import OutOfTimeError, at_most

_FUNCTIONS = frozenset({"compile", "match", "fullmatch", "search"}) | {
    *("finditer", "findall", "sub", "subn", "split")
}
_ONCE = frozenset({"match", "fullmatch", "search"})
_SCREENED = 160
"""Characters of the texts that are compared with one another."""
_SHORT = 2_000
_FACTOR = 8
_ALLOWED = 3 * _FACTOR
"""How much longer a text of `_FACTOR` times the length may take; 64 times is quadratic."""
_NOTHING = 0.03
"""Seconds of CPU that are too few to compare; some clocks tick every 0.01 s."""
_PATIENCE = 0.2
"""Seconds of CPU after which a search is given up."""


@dataclass(frozen=True)
class Found:
    """A pattern of the code.

    Attributes:
        place: Where it is, as `module:name` or `module:line`.
        pattern: The pattern.
        methods: What is done with it, as `re` calls it; empty where that does not show.
    """

    place: str
    pattern: re.Pattern[str]
    methods: frozenset[str]


def found(*packages: str) -> Iterator[Found]:
    """Find every pattern of some packages, each once."""
    seen: dict[tuple[str, int, frozenset[str]], Found] = {}
    kept: set[tuple[str, int]] = set()
    for module in _modules(packages):
        source = ast.parse(inspect.getsource(module))
        for each in _kept(module, source):
            kept.add((each.pattern.pattern, each.pattern.flags))
            seen.setdefault((*_key(each), _ways(each.methods)), each)
        for each in _passed(module, source):
            if each.methods or _key(each) not in kept:
                seen.setdefault((*_key(each), _ways(each.methods)), each)
    yield from seen.values()


def _key(each: Found) -> tuple[str, int]:
    return each.pattern.pattern, each.pattern.flags


def _modules(packages: Iterable[str]) -> Iterator[ModuleType]:
    for name in packages:
        package = importlib.import_module(name)
        yield package
        for info in pkgutil.walk_packages(package.__path__, f"{name}."):
            # PyInstaller alone runs its hooks, and has no text from outside.
            if not info.name.endswith("__main__") and "_pyinstaller.hook" not in info.name:
                yield importlib.import_module(info.name)


def _kept(module: ModuleType, source: ast.Module) -> Iterator[Found]:
    """Patterns that a module keeps: by name, or in a collection or class of its own."""
    nodes = list(ast.walk(source))
    methods: dict[str, list[str]] = {}
    loads: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            methods.setdefault(node.value.id, []).append(node.attr)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            loads[node.id] = loads.get(node.id, 0) + 1
    for name, value in vars(module).items():
        used = methods.get(name, [])
        # A pattern that is passed on or kept in a collection may be used in any way.
        known = isinstance(value, re.Pattern) and loads.get(name, 0) == len(used)
        for pattern in _within(value, module.__name__):
            yield Found(f"{module.__name__}:{name}", pattern, frozenset(used if known else ()))


def _within(value: Any, module: str) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _within(part, module)
    elif isinstance(value, (tuple, list, set, frozenset)):
        for part in value:
            yield from _within(part, module)
    elif isinstance(value, type) and value.__module__ == module:
        for part in list(vars(value).values()):
            if not isinstance(part, type):
                yield from _within(part, module)


def _passed(module: ModuleType, source: ast.Module) -> Iterator[Found]:
    """Patterns that code passes to a function of `re`."""
    for node in ast.walk(source):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in _FUNCTIONS
        ):
            expression = ast.Expression(node.args[0])
            words = {n.id: "word" for n in ast.walk(expression) if isinstance(n, ast.Name)}
            flags = next((k.value for k in node.keywords if k.arg == "flags"), None)
            if node.func.attr == "compile" and len(node.args) > 1:
                flags = node.args[1]
            try:
                text = eval(compile(expression, "", "eval"), {**words, **vars(module)})  # noqa: S307
                flag = eval(ast.unparse(flags), vars(module)) if flags else 0  # noqa: S307
                pattern = re.compile(text, flag)
            except (NameError, TypeError, ValueError, AttributeError, IndexError, re.error):
                pattern = None  # what a function makes of its arguments cannot be known here
            if pattern is not None and isinstance(pattern.pattern, str):
                methods = frozenset({node.func.attr} - {"compile"})
                yield Found(f"{module.__name__}:{node.lineno}", pattern, methods)


def _ways(methods: frozenset[str]) -> frozenset[str]:
    """The methods to measure: looking for one match, or for all."""
    return methods if methods and methods <= _ONCE else frozenset({"finditer"})


# -- Texts ---------------------------------------------------------------------------------------


def texts(pattern: re.Pattern[str]) -> Iterator[Callable[[int], str]]:
    """Make texts of any length that could make a pattern slow."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    characters = _characters(tree)
    pieces: dict[str, None] = dict.fromkeys(characters)
    starts: dict[str, None] = {"": None}
    for before, piece in _pieces(tree, "", characters):
        pieces.setdefault(piece[:60])
        starts.setdefault(before[:60])
        if before:
            pieces.setdefault(before[:60])
    whole = _sample(tree, characters, 1)
    if whole:
        pieces.setdefault(whole[:60])
    if any(code == codes.AT for code, _ in _parts(tree)):  # it begins at a word or a line
        for piece in list(pieces):
            if len(piece) > 1:
                pieces.setdefault(f"{piece} ")
                pieces.setdefault(f"{piece}\n")
    for start, piece, end in product(list(starts)[:8], [p for p in pieces if p], ("\0", "")):
        yield lambda size, a=start, b=piece, c=end: a + b * (size // len(b)) + c  # type: ignore[misc]


def _parts(tree: Any) -> Iterator[Any]:
    """All parts of a pattern, those within others too."""
    for code, value in tree:
        yield code, value
        for inner in _inner(code, value):
            yield from _parts(inner)


def _atoms(tree: Any) -> list[Any]:
    """The parts of a pattern that match one character each."""
    single = (codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY)
    return [(code, value) for code, value in _parts(tree) if code in single]


def _inner(code: Any, value: Any) -> list[Any]:
    """The sequences within a part."""
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return [value[2]]
    if code == codes.SUBPATTERN:
        return [value[3]]
    if code == codes.ATOMIC_GROUP:
        return [value]
    if code == codes.BRANCH:
        return list(value[1])
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [value[1]]
    return []


def _characters(tree: Any) -> list[str]:
    """One character for each set of the pattern's atoms that some character matches."""
    atoms = _atoms(tree)
    literals = [chr(value) for code, value in atoms if code == codes.LITERAL]
    literals += [
        chr(one if isinstance(one, int) else one[0])
        for code, value in atoms
        if code == codes.IN
        for kind, one in value
        if kind in (codes.LITERAL, codes.RANGE)
    ]
    usual = [*" \t\n\r-.,:;/'\"`|=()[]{}<>_\\~#*+\x85", "a", "Z", "0", "é", "中", "²"]
    made: dict[tuple[bool, ...], str] = {}
    for character in (*usual, *literals):
        matched = tuple(_matches(atom, character) for atom in atoms)
        if any(matched):
            made.setdefault(matched, character)
    return list(made.values())


def _matches(atom: Any, character: str) -> bool:
    code, value = atom
    if code == codes.LITERAL:
        return bool(ord(character) == value)
    if code == codes.NOT_LITERAL:
        return bool(ord(character) != value)
    if code == codes.ANY:
        return character != "\n"
    negated = bool(value) and value[0][0] == codes.NEGATE
    return negated != any(_in(kind, what, character) for kind, what in value)


def _in(kind: Any, what: Any, character: str) -> bool:
    if kind == codes.LITERAL:
        return bool(ord(character) == what)
    if kind == codes.RANGE:
        return bool(what[0] <= ord(character) <= what[1])
    classes = {
        codes.CATEGORY_DIGIT: r"\d",
        codes.CATEGORY_NOT_DIGIT: r"\D",
        codes.CATEGORY_SPACE: r"\s",
        codes.CATEGORY_NOT_SPACE: r"\S",
        codes.CATEGORY_WORD: r"\w",
        codes.CATEGORY_NOT_WORD: r"\W",
    }
    return kind == codes.CATEGORY and re.match(classes[what], character) is not None


def _pieces(tree: Any, before: str, characters: list[str]) -> Iterator[tuple[str, str]]:
    """For each repeat and group: what may come before it, and what it matches."""
    for part in tree:
        code, value = part
        for inner in _inner(code, value):
            yield before, _sample(inner, characters, 1)
            yield from _pieces(inner, before, characters)
        before += _sample([part], characters, 1)


def _sample(tree: Any, characters: list[str], least: int) -> str:
    """A text that a sequence probably matches; each repeat at least so many times."""
    made = ""
    for code, value in tree:
        if code == codes.LITERAL:
            made += chr(value)
        elif code in (codes.NOT_LITERAL, codes.IN, codes.ANY):
            fitting = [c for c in (*characters, *string.printable) if _matches((code, value), c)]
            made += fitting[0] if fitting else ""
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            low, high, inner = value
            made += _sample(inner, characters, least) * min(max(low, least), high, 40)
        elif code == codes.BRANCH:
            made += _sample(value[1][0], characters, least)
        elif code in (codes.SUBPATTERN, codes.ATOMIC_GROUP):
            made += _sample(_inner(code, value)[0], characters, least)
    return made


# -- Time ----------------------------------------------------------------------------------------


def _run(pattern: re.Pattern[str], method: str, text: str, times: int = 1) -> float:
    """Seconds that a search takes: the shortest of some, which the machine disturbed least.

    Raises:
        OutOfTimeError: One took longer than anyone would wait.
    """
    function = getattr(pattern, method)
    shortest = math.inf
    for _ in range(times):
        began = time.perf_counter()
        with at_most(_PATIENCE):
            if method == "finditer":
                for _match in function(text):
                    pass
            else:
                function(text)
        shortest = min(shortest, time.perf_counter() - began)
    return shortest


def slow(each: Found) -> str | None:
    """Tell how a pattern is slower than linear, or None."""
    for method in sorted(_ways(each.methods)):
        try:
            ranked = sorted(texts(each.pattern), key=partial(_screened, each.pattern, method))
        except OutOfTimeError:
            return f"{each.place}: {method} takes over {_PATIENCE} s for texts of {_SCREENED}"
        for text in ranked[:6]:  # short ones differ by little on a busy machine
            if why := _measured(each, method, text):
                return why
    return None


def _screened(pattern: re.Pattern[str], method: str, text: Callable[[int], str]) -> float:
    """A key by which the text that takes longest is first."""
    return -_run(pattern, method, text(_SCREENED), 2)


def _measured(each: Found, method: str, text: Callable[[int], str]) -> str | None:
    short, long = text(_SHORT), text(_SHORT * _FACTOR)
    began = time.process_time()
    slower, faster = math.inf, 0.0
    try:
        slower = _run(each.pattern, method, long)
        if time.process_time() - began <= _NOTHING:
            return None
        slower = min(slower, _run(each.pattern, method, long, 2))
        faster = _run(each.pattern, method, short, 3)
    except OutOfTimeError:
        pass
    if slower <= _ALLOWED * faster:
        return None
    return (
        f"{each.place}: {method} takes {slower:.2g} s, or more than {_PATIENCE} s, for "
        f"{len(long):,} characters like {long[:80]!r}: {each.pattern.pattern}"
    )
