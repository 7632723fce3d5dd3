"""Bring the client up to date with the published pages, everything or nothing.

    python scripts/update.py --index URL --match PATTERN --summary FILE
    python scripts/update.py PAGE ...

Arguments that are not listed below are those of scripts/vendor.py. On a copy of
the project: vendors, explains the change with scripts/diff.py, regenerates,
records the documented answers, and runs the contract suite. Only when every
step has passed do openapi/, generated/ and tests/recordings/ take over what
changed, in one step. The summary is Markdown; it is written after a failure,
too. Exit code 2: a step failed, and nothing was changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keyapi.specification import Specification
from pipeline.cli import parser, run
from pipeline.document.yaml import dump_json
from pipeline.errors import PipelineError
from pipeline.project import GENERATED, LOCK, RUNTIME, Workspace
from pipeline.transaction import FOLDER, replace

_RECORDINGS = "tests/recordings"
_CHANGED = ("openapi", GENERATED, _RECORDINGS)
# What a checkout may hold beside the project: its history, environments, and what tools leave.
_NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".nox", ".venv", "venv", "mutants", "build", "dist", "node_modules", FOLDER),
    *("__pycache__", "*.egg-info", ".*_cache", ".coverage*"),
)
_LAST_LINES = 30
_NOTE = "note: "


@dataclass
class Trial:
    """An update tried on a copy of the project.

    Attributes:
        copy: The copy's top folder.
        sections: The summary so far: Markdown by heading.
        notes: What the steps noted.
    """

    copy: Path
    sections: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def run(self, vendor_arguments: list[str]) -> None:
        """Take every step.

        Raises:
            PipelineError: One failed; the summary has the end of what it said.
        """
        root = ["--root", str(self.copy)]
        old, new = self.copy.with_name("old.json"), self.copy.with_name("new.json")
        old.write_bytes(self._committed())
        self.sections["Pages"] = fenced(self._script("vendor.py", *root, *vendor_arguments))
        workspace = Workspace(self.copy)
        new.write_bytes(dump_json(workspace.effective(workspace.vendored()).spec))
        meaning = self._script("diff.py", str(old), str(new), "--format", "markdown")
        self.sections["What it means"] = meaning.strip()
        written = self._script("regenerate.py", *root)
        self._drop_recordings(Specification(json.loads(new.read_bytes())))
        # What no page documents cannot be written, which is no fault of the update.
        written += self._script("record.py", *root, "--documented", passes=(0, 1))
        suite = ("-m", "pytest", "tests/contract", "-q")
        contract = self._step("contract suite", *suite, at=self.copy)
        self.sections["Checks"] = fenced("\n".join([written.strip(), *contract.splitlines()[-1:]]))

    def summary(self) -> str:
        """The summary, as Markdown."""
        notes = {"Notes": fenced("\n".join(self.notes))} if self.notes else {}
        parts = {**self.sections, **notes}
        return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in parts.items()) + "\n"

    def _drop_recordings(self, specification: Specification) -> None:
        """Drop the recordings of operations that are gone."""
        for folder in (self.copy / _RECORDINGS).glob("*/"):
            if folder.name not in specification.operations:
                shutil.rmtree(folder)

    def _committed(self) -> bytes:
        found = next((self.copy / GENERATED).glob("*/openapi.json"), None)
        if found is None:
            raise PipelineError(
                "there is no client to update",
                where=GENERATED,
                remedy="Run python scripts/regenerate.py.",
            )
        return found.read_bytes()

    def _script(self, name: str, *arguments: str, passes: tuple[int, ...] = (0,)) -> str:
        return self._step(name, str(self.copy / "scripts" / name), *arguments, passes=passes)

    def _step(
        self, name: str, *command: str, at: Path | None = None, passes: tuple[int, ...] = (0,)
    ) -> str:
        """Run a step on the copy's own code, and give what it prints."""
        print(f"{name} ...", file=sys.stderr)
        paths = os.pathsep.join(str(self.copy / folder) for folder in (GENERATED, RUNTIME))
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=at,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        said = done.stderr.splitlines()
        self.notes |= {line.removeprefix(_NOTE): None for line in said if line.startswith(_NOTE)}
        if done.returncode not in passes:
            last = [*done.stdout.splitlines(), *said][-_LAST_LINES:]
            self.sections[f"Failed: {name}"] = fenced("\n".join(last))
            raise PipelineError(
                f"the step failed: {last[-1] if last else 'it said nothing'}",
                where=name,
                remedy="Nothing was changed.",
            )
        return done.stdout


def update(root: Path, arguments: list[str], summary: Path | None, *, dry_run: bool) -> int:
    """Update a project; see the module's docstring."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "project"
        shutil.copytree(root, copy, symlinks=True, ignore=_NOT_COPIED)
        before, lock = files(copy), without_etags(copy)
        trial = Trial(copy)
        try:
            trial.run(arguments)
            after = files(copy)
            changed = {
                name: after.get(name)
                for name in sorted({*before, *after})
                if before.get(name) != after.get(name)
            }
            # ETags may change whenever pages are published: alone they are no change.
            if not changed or (changed.keys() == {LOCK} and lock == without_etags(copy)):
                changed = {}
                trial.sections = {"Nothing has changed": trial.sections["Pages"]}
        finally:
            if summary is not None:
                summary.write_text(trial.summary(), "utf-8")
    print(trial.summary(), end="")
    if not dry_run and changed:
        if files(root) != before:
            raise PipelineError(
                "it was changed by someone else meanwhile",
                where=" or ".join(_CHANGED),
                remedy="Nothing was changed; run the update again.",
            )
        replace(root, changed)
    return 0


def files(root: Path) -> dict[str, bytes]:
    """Every file that an update may change, by path below the root; caches left out."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for folder in _CHANGED
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def without_etags(root: Path) -> Any:
    """The lock of a project but for its `ETag`s."""
    lock = Workspace(root).lock()
    pages = {
        name: {key: value for key, value in entry.items() if key != "etag"}
        for name, entry in lock.get("pages", {}).items()
    }
    return {**lock, "pages": pages}


def fenced(text: str) -> str:
    """Text as a block that Markdown leaves alone, whatever a page has in it."""
    fence = "~" * max(6, 1 + max(map(len, re.findall("~+", text)), default=0))
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def main() -> int:
    """Parse the command line and update."""
    options = parser(__doc__)
    options.add_argument("--summary", type=Path, metavar="FILE", help="where to write the summary")
    options.add_argument("--dry-run", action="store_true", help="change nothing; summarize")
    arguments, passed = options.parse_known_args()
    return run(
        lambda: update(arguments.root, passed, arguments.summary, dry_run=arguments.dry_run),
        arguments.root,
    )


if __name__ == "__main__":
    sys.exit(main())
