"""Which nodes of a module operators may change: those that a call can notice.

No call notices docstrings, annotations, what only type checkers read, the words of errors and logs,
and how objects are shown, copied and pickled.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

# Methods that show, copy and pickle; no call of an operation goes through them.
_NOT_CALLED = {
    *("__repr__", "__str__", "__reduce__", "__getstate__", "__setstate__", "__copy__"),
    *("__replace__", "__delete__", "__class_getitem__", "__dir__"),
}
_DECLARED = {"__all__", "__slots__", "_logger"}
_TYPED = {"TypeVar", "ParamSpec", "cast", "NewType", "dataclass_transform"}


def changeable(
    node: ast.AST, function: str, scope: ast.AST
) -> Iterator[tuple[ast.AST, str, ast.AST]]:
    """Yield each node that may be changed, with the name of its function, and that itself."""
    if _is_left_out(node):
        return
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in _logged(scope):
        return
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}".lstrip(".")
        scope = node
    yield node, function, scope
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_comment"):
            continue
        if isinstance(node, ast.ClassDef) and field == "keywords":
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_worded(node, child):
                yield from changeable(child, function, scope)


def _is_left_out(node: ast.AST) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            overloaded = any("overload" in ast.unparse(each) for each in node.decorator_list)
            return node.name in _NOT_CALLED or overloaded
        case ast.ClassDef():
            return any("Protocol" in ast.unparse(base) for base in node.bases)
        case ast.If(test=test):
            return "TYPE_CHECKING" in ast.unparse(test)
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Assert():
            return True
        case ast.JoinedStr():
            return True
        case ast.Expr(value=ast.Call(func=func)):
            return ast.unparse(func).startswith(("_logger.", "logging."))
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            is_type = isinstance(value, ast.Subscript) or (
                isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr)
            )
            return name in _DECLARED or (is_type and name.lstrip("_")[:1].isupper())
        case ast.Call(func=func):
            return ast.unparse(func).rpartition(".")[2] in _TYPED
    return False


def _logged(scope: ast.AST) -> set[str]:
    """The variables of a function that only a log shows."""
    if isinstance(scope, (ast.Module, ast.ClassDef)):
        return set()
    shown: set[str] = set()
    used: Counter[str] = Counter()
    for node in ast.walk(scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used[node.id] += 1
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_logger."):
            names = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
            shown.update(name for name in names if name != "_logger")
            used.subtract(names)
    return {name for name in shown if used[name] <= 0}


def _is_worded(node: ast.AST, child: ast.AST) -> bool:
    """Whether a node's child is the message of an error."""
    if isinstance(node, ast.Call) and node.args and child is node.args[0]:
        name = ast.unparse(node.func)
        return name.rpartition(".")[2][:1].isupper() and isinstance(
            child, (ast.JoinedStr, ast.Constant)
        )
    return False


def is_wording(node: ast.AST) -> bool:
    """Whether a node is a text for people."""
    match node:
        case ast.Constant(value=str(text)):
            return any(map(str.isspace, text))
        case ast.JoinedStr():
            return True
    return False


def same_bytecode(source: str, other: str) -> bool:
    """Whether two sources are compiled to the same, all but line numbers and docstrings."""
    return ast.dump(ast.parse(source)) == ast.dump(ast.parse(other)) or _code(source) == _code(
        other
    )


def _code(source: str) -> object:
    # Docstrings are left out by the second level of optimization, asserts by the first.
    return _parts(compile(source, "", "exec", optimize=2))


def _parts(value: object) -> object:
    if not hasattr(value, "co_code"):
        return type(value), value
    code: object = value
    names = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags")
    constants = tuple(map(_parts, code.co_consts))  # type: ignore[attr-defined]  # it is code
    return (*(getattr(code, name) for name in names), constants)
