"""Operators for sources: each changes one thing in the syntax tree of a module.

Only nodes that `code_nodes` gives are changed.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from conformance.code_nodes import changeable, is_wording

Edit = tuple[ast.AST, ast.AST | None]
"""A node, and what takes its place; None removes it from its list."""
Operator = Callable[[ast.AST, ast.AST], Iterator[Sequence[Edit]]]
"""Yields the changes at a node of a function (or of a module, outside functions), each as edits."""
OPERATORS: dict[str, Operator] = {}
"""The operators, by name."""

_SHOWN = 70  # how much of a node a change shows, in characters
_ERRORS = ("BadRequest", "InvalidResponse", "ServerError", "TransportError", "KeyAPIError")
_OTHER_ORDER = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_OPPOSITE = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


def operator(function: Operator) -> Operator:
    """Register a function under its own name."""
    OPERATORS[function.__name__.replace("_", " ")] = function
    return function


class CodeMutant(NamedTuple):
    """A module with one change.

    Attributes:
        operator: The operator.
        function: Qualified name of the function or class that the change is in; empty outside.
        number: The change's number among those of the operator in the function, from 0.
        line: The line of the change.
        change: The change, in words.
        edits: What makes it.
    """

    operator: str
    function: str
    number: int
    line: int
    change: str
    edits: Sequence[Edit]


class Code:
    """A module whose syntax tree can be changed.

    Args:
        text: Its source.
    """

    def __init__(self, text: str) -> None:
        self._tree = ast.parse(text)
        self._places: dict[int, tuple[ast.AST, str]] = {}
        for node in ast.walk(self._tree):
            for field, value in ast.iter_fields(node):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self._places[id(child)] = node, field

    def mutants(self, operators: Sequence[str]) -> Iterator[CodeMutant]:
        """Yield the changes of some operators, in the order of the source."""
        counts: dict[tuple[str, str], int] = {}
        for node, function, scope in changeable(self._tree, "", self._tree):
            for name in operators:
                for edits in OPERATORS[name](node, scope):
                    number = counts.get((name, function), 0)
                    counts[name, function] = number + 1
                    line = min(getattr(old, "lineno", 0) for old, _ in edits)
                    yield CodeMutant(name, function, number, line, _words(edits), edits)

    def planted(self, mutant: CodeMutant) -> str:
        """The module's source with a change."""
        before = [(*self._places[id(old)], old, new) for old, new in mutant.edits]
        kept = [(parent, field, getattr(parent, field)) for parent, field, _, _ in before]
        for parent, field, old, new in before:
            value = getattr(parent, field)
            if isinstance(value, list):
                changed = [new if child is old else child for child in value]
                setattr(parent, field, [child for child in changed if child is not None])
            else:
                setattr(parent, field, new)
        try:
            return ast.unparse(ast.fix_missing_locations(self._tree))
        finally:
            for parent, field, value in reversed(kept):
                setattr(parent, field, value)

    @property
    def text(self) -> str:
        """The module's source as a mutant without a change would have it."""
        return ast.unparse(self._tree)


def _words(edits: Sequence[Edit]) -> str:
    before = ", ".join(_shown(old) for old, _ in edits)
    after = ", ".join(_shown(new) for _, new in edits if new is not None)
    return f"{before} -> {after or 'nothing'}"


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


# --- Names, arguments and constants -----------------------------------------------------------


@operator
def swap_arguments(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Exchange two arguments of a call that stand beside each other."""
    if isinstance(node, ast.Call):
        yield from _exchanged([arg for arg in node.args if not isinstance(arg, ast.Starred)])
        yield from _exchanged([each.value for each in node.keywords if each.arg])


@operator
def swap_values(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Exchange the values of two keys, two elements, or two assignments beside each other."""
    match node:
        case ast.Dict(values=values):
            yield from _exchanged(values)
        case ast.Tuple(elts=elements, ctx=ast.Load()):
            yield from _exchanged(elements)
        case ast.ClassDef(body=body) | ast.FunctionDef(body=body):
            for one, two in pairwise(body):
                assigned = [value for each in (one, two) if (value := _assigned(each)) is not None]
                yield from _exchanged(assigned)


def _assigned(statement: ast.stmt) -> ast.expr | None:
    """What a field or an attribute is assigned."""
    match statement:
        case ast.AnnAssign(value=value):
            return value
        case ast.Assign(targets=[ast.Attribute()], value=value):
            return value
        case ast.Assign(targets=[ast.Name()], value=ast.Call() | ast.Constant() as value):
            return value
    return None


def _exchanged(nodes: Sequence[ast.AST]) -> Iterator[Sequence[Edit]]:
    for one, two in pairwise(nodes):
        if ast.dump(one) != ast.dump(two) and not is_wording(one) and not is_wording(two):
            yield [(one, two), (two, one)]


@operator
def other_attribute(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Read another attribute: the next that the same function reads of the same object."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return
    if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    owner = ast.dump(node.value)
    beside = [
        each.attr
        for each in ast.walk(scope)
        if isinstance(each, ast.Attribute) and ast.dump(each.value) == owner
    ]
    names = list(dict.fromkeys(beside))
    other = names[(names.index(node.attr) + 1) % len(names)]
    if other != node.attr:
        yield [(node, _with(node, attr=other))]


@operator
def drop_argument(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Leave out a keyword of a call, its last argument, or an entry of a dict."""
    match node:
        case ast.Call(args=args, keywords=keywords):
            for keyword in keywords:
                yield [(keyword, None)]
            if len(args) > 1 and not is_wording(args[-1]):
                yield [(args[-1], None)]
        case ast.Dict(keys=keys, values=values):
            for number in range(len(keys)):
                left = [n for n in range(len(keys)) if n != number]
                fewer = _with(node, keys=[keys[n] for n in left], values=[values[n] for n in left])
                yield [(node, fewer)]


@operator
def change_number(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Make a number larger or smaller by 1, or twice as large where it is no integer."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield [(node, ast.Constant(node.value + 1))]
        yield [(node, ast.Constant(node.value - 1))]
    elif isinstance(node, ast.Constant) and type(node.value) is float and node.value:
        yield [(node, ast.Constant(node.value * 2))]


@operator
def change_flag(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """True for False, and the other way round."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield [(node, ast.Constant(not node.value))]


@operator
def change_text(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Change a key, a name, a mark: a text of one word, which nobody reads as a message."""
    match node:
        case ast.Constant(value=str(text)) if text and not is_wording(node):
            yield [(node, ast.Constant(f"{text}x"))]


# --- Decisions --------------------------------------------------------------------------------


@operator
def negate_condition(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Decide the other way round."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield [(test, _negated(test))]
        case ast.comprehension(ifs=conditions):
            for test in conditions:
                yield [(test, _negated(test))]


@operator
def swap_arms(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Do what stands behind `else` instead."""
    if isinstance(node, ast.IfExp):
        yield from _exchanged([node.body, node.orelse])


@operator
def other_bound(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Compare with or without the bound itself."""
    yield from _compared(node, _OTHER_ORDER)


@operator
def opposite_comparison(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Find different what is equal, and missing what is there."""
    yield from _compared(node, _OPPOSITE)


def _compared(
    node: ast.AST, other: dict[type[ast.cmpop], type[ast.cmpop]]
) -> Iterator[Sequence[Edit]]:
    if isinstance(node, ast.Compare):
        for number, kind in enumerate(map(type, node.ops)):
            if kind in other:
                ops = [*node.ops]
                ops[number] = other[kind]()
                yield [(node, _with(node, ops=ops))]


@operator
def and_for_or(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Ask for all instead of one, or for one instead of all."""
    if isinstance(node, ast.BoolOp):
        other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        yield [(node, _with(node, op=other))]


@operator
def drop_operand(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Leave out one of several conditions, or of several alternatives."""
    if isinstance(node, ast.BoolOp):
        for operand in node.values:
            left = [each for each in node.values if each is not operand]
            yield [(node, left[0] if len(left) == 1 else _with(node, values=left))]


@operator
def other_arithmetic(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Subtract instead of adding, divide instead of multiplying, min instead of max."""
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _ARITHMETIC:
            yield [(node, _with(node, op=_ARITHMETIC[type(op)]()))]
        case ast.Name(id="min" | "max" as name):
            yield [(node, ast.Name("max" if name == "min" else "min", ast.Load()))]


def _negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


# --- Statements -------------------------------------------------------------------------------


@operator
def other_error(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Raise another error, or catch another."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        name = node.exc.func
        if isinstance(name, ast.Name) and name.id in _ERRORS:
            other = _ERRORS[(_ERRORS.index(name.id) + 1) % len(_ERRORS)]
            yield [(name, ast.Name(other, ast.Load()))]
        elif isinstance(name, ast.Name):
            yield [(name, ast.Name("ArithmeticError", ast.Load()))]
    elif isinstance(node, ast.ExceptHandler) and node.type is not None:
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        for kind in caught:
            yield [(kind, ast.Name("ArithmeticError", ast.Load()))]


@operator
def return_nothing(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Return None instead of a value."""
    match node:
        case ast.Return(value=None | ast.Constant(value=None)):
            return
        case ast.Return():
            yield [(node, ast.Return(ast.Constant(None)))]


@operator
def return_early(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Return before anything is done."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if len(body) > 1:
            yield [(body[0], ast.Return(None))]


@operator
def drop_statement(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Leave out a statement whose effect is elsewhere."""
    match node:
        case (
            ast.Expr(value=ast.Call() | ast.Await())
            | ast.AugAssign()
            | ast.Delete()
            | ast.Raise()
            | ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_])
        ):
            yield [(node, ast.Pass())]


@operator
def skip_await(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """Start something and do not wait for it."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Await):
        yield [(node.value, node.value.value)]


@operator
def break_for_continue(node: ast.AST, scope: ast.AST) -> Iterator[Sequence[Edit]]:
    """End a loop instead of going on, and the other way round."""
    if isinstance(node, ast.Continue):
        yield [(node, ast.Break())]
    elif isinstance(node, ast.Break):
        yield [(node, ast.Continue())]


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """A copy of a node with other fields."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
