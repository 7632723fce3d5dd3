"""Regenerate a project's client from its vendored specification, or check it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.cli import ROOT
from pipeline.generate.package import verify
from pipeline.project import GENERATED, Project
from pipeline.transaction import replace

Carry = Callable[[Project, Mapping[str, Any]], Mapping[str, bytes]]
"""Gives files to write beside a client, by path below the root, for a project and its spec."""


def regenerate(root: Path, *, check: bool, carry: Carry | None = None) -> int:
    """Regenerate the client, or compare it with what is committed.

    Args:
        root: The project's top folder.
        check: Compare and print a diff; write nothing.
        carry: Gives what is written beside the client, if it is not only compared.

    Returns:
        Exit code: 0 when the client is up to date or was written, 1 when the check found a
        difference.

    Raises:
        PipelineError: The input cannot be used; nothing was written.
    """
    project = Project(root)
    shaped = project.effective(project.vendored())
    for note in shaped.notes:
        print(f"note: {note}", file=sys.stderr)
    expected = project.client(shaped.spec)
    committed = project.generated()
    beside = carry(project, shaped.spec) if carry and not check else {}
    if committed == expected:
        if beside:
            replace(root, dict(beside))
        print(f"{GENERATED} matches the specification ({len(expected)} files)")
        return 0
    if check:
        sys.stdout.writelines(_diff(committed, expected))
        where = "" if root == ROOT else f" --root {root}"
        print(
            f"{GENERATED} does not match the specification; run python scripts/regenerate.py"
            f"{where}",
            file=sys.stderr,
        )
        return 1
    verify(expected, project.runtime)
    client = {f"{GENERATED}/{name}": data for name, data in expected.items()}
    replace(root, {**beside, **client}, (GENERATED,))
    changed = sum(committed.get(name) != expected.get(name) for name in {*committed, *expected})
    print(f"{GENERATED} written: {changed} of {len(expected)} files changed")
    return 0


def _diff(committed: dict[str, bytes], expected: dict[str, bytes]) -> Iterator[str]:
    for name in sorted({*committed, *expected}):
        old, new = committed.get(name), expected.get(name)
        if old == new:
            continue
        yield from difflib.unified_diff(
            (old or b"").decode(errors="replace").splitlines(keepends=True),
            (new or b"").decode(errors="replace").splitlines(keepends=True),
            f"{GENERATED}/{name}" if old is not None else "/dev/null",
            f"{GENERATED}/{name}" if new is not None else "/dev/null",
        )
        if not old and not new:
            yield f"--- {GENERATED}/{name}: should {'' if new is not None else 'not '}be there\n"
