"""Regenerate the client from the vendored specification.

    python scripts/regenerate.py          write generated/, whole or not at all
    python scripts/regenerate.py --check  write nothing; exit 1 with a diff when
                                          generated/ is out of date

Corrects openapi/tiktok.openapi.yaml with openapi/tiktok.overlay.yaml, shapes
it, and has openapi-python-client write the package, which must import and pass
mypy --strict before it takes its place. Exit code 2: the input cannot be used,
and nothing was written.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.cli import parser, run
from pipeline.generate.package import verify
from pipeline.project import GENERATED, RUNTIME, Workspace
from pipeline.transaction import replace


def regenerate(root: Path, *, check: bool) -> int:
    """Regenerate the client of a project, or check it; see the module's docstring."""
    workspace = Workspace(root)
    shaped = workspace.effective(workspace.vendored())
    for note in shaped.notes:
        print(f"note: {note}", file=sys.stderr)
    wanted = workspace.client(shaped.spec)
    committed = workspace.generated()
    if committed == wanted:
        print(f"{GENERATED} is what the specification gives ({len(wanted)} files)")
        return 0
    if check:
        sys.stdout.writelines(_diff(committed, wanted))
        print(
            f"{GENERATED} is not what the specification gives; run python scripts/regenerate.py",
            file=sys.stderr,
        )
        return 1
    verify(wanted, root / RUNTIME)
    replace(root, {f"{GENERATED}/{name}": data for name, data in wanted.items()}, (GENERATED,))
    changed = sum(committed.get(name) != wanted.get(name) for name in {*committed, *wanted})
    print(f"{GENERATED} written: {changed} of {len(wanted)} files changed")
    return 0


def _diff(committed: dict[str, bytes], wanted: dict[str, bytes]) -> Iterator[str]:
    for name in sorted({*committed, *wanted}):
        old, new = committed.get(name), wanted.get(name)
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


def main() -> int:
    """Parse the command line and regenerate."""
    options = parser(__doc__)
    options.add_argument("--check", action="store_true", help="write nothing; compare")
    arguments = options.parse_args()
    return run(lambda: regenerate(arguments.root, check=arguments.check), arguments.root)


if __name__ == "__main__":
    sys.exit(main())
