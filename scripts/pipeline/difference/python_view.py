"""What changed for Python callers: the old and the new generated package, compared by griffe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.document.text import plain

if TYPE_CHECKING:
    import griffe

# What openapi-python-client writes for each operation beneath the resource classes.
_LOW_LEVEL = re.compile(r"\.(sync|asyncio)(_detailed)?(?=$|\()")


@dataclass(frozen=True)
class PythonView:
    """What changed for Python callers.

    Attributes:
        breaking: What callers used and is gone or different, as one line each.
        added: What is new to them: classes, methods, arguments, attributes, members. What is in
            a new class is new with it, and not listed.
        changed: What has another type or default, as one line each. Whether that breaks callers
            depends on what the API takes and sends, which the specifications tell.
    """

    breaking: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...] = ()


def python_view(old: Path, new: Path, package: str) -> PythonView:
    """Compare two generated packages; none of their code is run.

    The asyncio classes mirror the others, and the low-level functions of an operation each other:
    what they share is reported once.

    Args:
        old: Folder that holds the old package.
        new: Folder that holds the new package.
        package: The package's name.
    """
    import griffe  # slow to import

    before, after = (
        griffe.load(package, search_paths=[folder], allow_inspection=False) for folder in (old, new)
    )
    values = (
        griffe.BreakageKind.PARAMETER_CHANGED_DEFAULT,
        griffe.BreakageKind.ATTRIBUTE_CHANGED_VALUE,
    )
    breakages = list(griffe.find_breaking_changes(before, after))
    breaking = [_line(breakage) for breakage in breakages if breakage.kind not in values]
    changed = [_line(breakage) for breakage in breakages if breakage.kind in values]
    types = [dict(_public(root)) for root in (before, after)]
    names = [dict.fromkeys(map(_short, side)) for side in types]
    added = {name: None for name in names[1] if name not in names[0]}
    changed += [
        plain(f"{_short(path)}: type was changed ({types[0][path]} → {kind})")
        for path, kind in types[1].items()
        if types[0].get(path, kind) != kind
    ]
    return PythonView(
        tuple(dict.fromkeys(breaking)),
        tuple(name for name in added if _owner(name) not in added),
        tuple(dict.fromkeys(changed)),
    )


def _line(breakage: griffe.Breakage) -> str:
    """One breakage: what, where, and the values where they are short."""
    import griffe

    path = breakage.obj.path
    old, new = breakage.old_value, breakage.new_value
    for value in (new, old):
        if isinstance(value, griffe.Parameter):
            path = f"{path}({value.name})"
            break
    kind = breakage.kind.value[:1].lower() + breakage.kind.value[1:]
    shown = [str(getattr(value, "default", value)) for value in (old, new)]
    changed = "changed" in breakage.kind.value and all(0 < len(text) <= 60 for text in shown)
    return plain(f"{_short(path)}: {kind}{f' ({shown[0]} → {shown[1]})' if changed else ''}")


def _short(path: str) -> str:
    """A path below the package, the same for what mirrors each other."""
    path = path.partition(".")[2]
    path = re.sub(r"\bAsync(?=[A-Z])", "", path)
    return _LOW_LEVEL.sub("", path)


def _owner(path: str) -> str:
    """The class or function that something is in, as a path below the package."""
    if path.endswith(")"):
        return path.rpartition("(")[0]
    return path.rpartition(".")[0]


def _public(node: griffe.Object | griffe.Alias) -> Iterator[tuple[str, str]]:
    """Paths of everything public in a package, arguments included, with their types."""
    import griffe

    for member in node.members.values():
        if member.is_alias or not member.is_public or member.is_special:
            continue
        if not member.is_module:  # classes are imported from the package, whatever their module
            yield member.path, "" if member.is_class else _type(member)
        if isinstance(member, griffe.Function):
            yield from (
                (f"{member.path}({p.name})", str(p.annotation or ""))
                for p in member.parameters
                if p.name != "self"
            )
        elif member.is_module or member.is_class:
            yield from _public(member)


def _type(node: griffe.Object | griffe.Alias) -> str:
    """What a function returns, or an attribute holds."""
    return str(getattr(node, "annotation", None) or "")
