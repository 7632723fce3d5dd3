"""What the operators for sources change, and what they leave alone."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from conformance.code_nodes import same_bytecode
from conformance.code_operators import OPERATORS, Code


def changes(operator: str, code: str) -> list[str]:
    return [mutant.change for mutant in Code(dedent(code)).mutants([operator])]


PLANTED = {
    "swap arguments": ("f(a, b, c)\nf(x=a, y=b)", ["a, b -> b, a", "b, c -> c, b", "a, b -> b, a"]),
    "swap values": ("x = {'a': b, 'c': d}\nclass C:\n    e = f('g')\n    h = f('i')", 2),
    "other attribute": ("def f(a):\n    return a.b + a.c", ["a.b -> a.c", "a.c -> a.b"]),
    "drop argument": ("f(a, b=c)\nx = {'k': v}", ["b=c -> nothing", "{'k': v} -> {}"]),
    "change number": ("x = 3\ny = 0.5", ["3 -> 4", "3 -> 2", "0.5 -> 1.0"]),
    "change flag": ("x = True", ["True -> False"]),
    "change text": ("x = a['key']\ny = 'for people'", ["'key' -> 'keyx'"]),
    "negate condition": ("if not a: b()\n[c for c in d if c]", ["not a -> a", "c -> not c"]),
    "swap arms": ("x = a if b else c", ["a, c -> c, a"]),
    "other bound": ("x = a < b", ["a < b -> a <= b"]),
    "opposite comparison": ("x = a is None", ["a is None -> a is not None"]),
    "and for or": ("x = a and b", ["a and b -> a or b"]),
    "drop operand": ("x = a or b", ["a or b -> b", "a or b -> a"]),
    "other arithmetic": ("x = a + min(b)", ["a + min(b) -> a - min(b)", "min -> max"]),
    "other error": (
        "def f():\n    try:\n        raise BadRequest('x')\n    except KeyError:\n        pass",
        ["KeyError -> ArithmeticError", "BadRequest -> InvalidResponse"],
    ),
    "return nothing": (
        "def f():\n    return 1\ndef g():\n    return None",
        ["return 1 -> return None"],
    ),
    "return early": ("def f():\n    'Doc.'\n    a()\n    b()", ["a() -> return"]),
    "drop statement": ("a.b = c\nd()\ne = f", ["a.b = c -> pass", "d() -> pass"]),
    "skip await": ("async def f():\n    await g()\n    return await h()", ["await g() -> g()"]),
    "break for continue": ("for a in b:\n    continue", ["continue -> break"]),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_plants_what_its_name_says(operator: str) -> None:
    code, expected = PLANTED[operator]
    found = changes(operator, code)

    assert (
        sorted(found) == sorted(expected) if isinstance(expected, list) else len(found) == expected
    )


@pytest.mark.parametrize(
    "code",
    [
        '"""A docstring."""',
        "def f(a: dict[str, 'key'] = None) -> 'key': ...",
        "if TYPE_CHECKING:\n    x = 1",
        "class C:\n    def __repr__(self): return 'x' + 1\n    def __reduce__(self): return 1, 2",
        "_logger.warning('x', 1, a.b)",
        "def f():\n    args = (a.b, a.c, 1)\n    _logger.info('x', *args)",
        "raise Problem(f'no {a + 1}')",
        "__all__ = ['a', 'b']",
        "T = TypeVar('T', bound=1)",
        "from a import b",
        "assert a < 1",
        "class C(Protocol):\n    def f(self): return 1",
    ],
)
def test_what_no_call_can_notice_is_left_alone(code: str) -> None:
    # A raise is a statement, and every function has a beginning.
    others = OPERATORS.keys() - {"other error", "drop statement", "return early"}

    assert list(Code(code).mutants(sorted(others))) == []


def test_each_mutant_differs_from_the_source_in_its_change_alone() -> None:
    code = dedent(
        """
        def f(a, b=1, *, c=None):
            if a.x < b and not c:
                return g(a.y, b, k=c) if c else None
            a.z = b
            a.w = c
            return {"x": a, "y": b}
        """
    )
    source = Code(code)
    mutants = list(source.mutants(list(OPERATORS)))
    texts = [source.planted(mutant) for mutant in mutants]

    assert source.text == ast.unparse(ast.parse(code))
    assert source.text not in texts
    assert len({(mutant.operator, mutant.function, mutant.number) for mutant in mutants}) == len(
        mutants
    )
    for mutant, text in zip(mutants, texts, strict=True):
        ast.parse(text)
        assert mutant.function == "f"
        assert 2 <= mutant.line <= 7


def test_bytecode_tells_all_but_lines_and_docstrings() -> None:
    assert same_bytecode(
        "def f():\n    'One.'\n    return 1", "\ndef f():\n    'Two.'\n    return 1"
    )
    assert same_bytecode("x = 1 if a else 2", "x = (1) if a else (2)")
    assert not same_bytecode("x = 1", "x = 2")
    assert not same_bytecode("x = 1", "x = 1.0")
    assert not same_bytecode("x = 1", "x = True")
    assert not same_bytecode("def f(): return 1", "def f(): return 2")
    assert not same_bytecode("f(a, b=1)", "f(a, c=1)")
    assert not same_bytecode("async def f(): await g()", "async def f(): g()")
