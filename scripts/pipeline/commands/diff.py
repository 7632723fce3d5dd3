"""Compare two effective specifications and report what the change means."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.difference import Level, differences
from pipeline.difference.python_view import python_view
from pipeline.difference.release import version_of
from pipeline.difference.report import FORMATS, Report, as_text
from pipeline.difference.revisions import open_revision


def diff(root: Path, old: str | None, new: str | None, *, form: str, fail_on: str | None) -> int:
    """Explain a change.

    Args:
        root: The project's top folder.
        old: The old side: path of a specification or checkout, or git revision; None for HEAD.
        new: The new side, likewise; None for the working tree.
        form: `text`, or one of `FORMATS`.
        fail_on: Name of the level from which a difference gives exit code 1, or None.

    Returns:
        Exit code: 1 when a difference is at least as serious as `fail_on`, else 0.

    Raises:
        PipelineError: A side cannot be read.
    """
    with open_revision(root, old, "HEAD") as before, open_revision(root, new, None) as after:
        view, packages = None, (before.package, after.package)
        if packages[0] and packages[1] and packages[0].name == packages[1].name:
            view = python_view(packages[0].parent, packages[1].parent, packages[1].name)
        found = differences(before.spec, after.spec)
    report = Report(before.name, after.name, found, view, version_of(root))
    if form in FORMATS:
        sys.stdout.write(FORMATS[form](report))
    else:
        as_text(report)
    return int(fail_on is not None and any(d.level >= Level[fail_on] for d in found))
