"""Change the published pages in every ordinary way, update, and see what came of it.

    python -m support.changes                 each change, one after the other
    python -m support.changes price renamed   only these
    python -m support.changes --list          their names

Each change is made on a copy of the project. `update.py` must take it, or stop where a correction
no longer fits what the page says and take it once the overlay is edited; its summary must say what
has changed. The update itself runs what a change of the pages can break: the contract suite, which
must pass, and the tests that read the published pages. Of these, those that state a fact of the
page by hand may fail: a person decides about them. They are listed, a line each.

The other tests use the example's client. That no page can change them is shown once, on all
changes `together`: there, every test runs.

Exit code 1: an update ended otherwise than it should, or another test failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import monotonic

from pipeline.cli import ROOT
from pipeline.commands.checks import MUTANTS
from pipeline.commands.copying import copy_checkout
from pipeline.commands.update import files
from pipeline.vendor.pages import block_text, read_page
from support.docs_site import Docs
from support.page_changes import CHANGES, Change
from support.pages import OVERLAY, REAL_NAME, REAL_PAGE, written

BY_HAND = (
    "tests/contract/test_golden.py",
    "tests/client/test_readme.py",  # the code of README and docs, and what it prints
    "tests/docs/test_commands.py",  # the commands in them
    # the code of a notebook, which runs while the site is built
    "tests/docs/test_site.py::test_the_notebooks_run_and_the_site_is_built - AssertionError: Note",
    "tests/docs/test_scale_out.py",  # a table of sizes, which grow with the page's rows
    "tests/pipeline/test_shape.py",  # its cases of the published page
    "tests/sample_program.py",
    "scripts/figures/",
    "demo: ",
)
"""What states facts of the published page by hand, so that a person decides about it."""
_BADGE = re.compile(r"(?<=>)1 credit(?=<)")
_BADGE_BLOCK = re.compile(r"^<div className=\"inline-flex.*?^</div>\n", re.M | re.S)


def main() -> int:
    """Parse the command line, make the changes, and print what came of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these changes")
    parser.add_argument("--list", action="store_true", help="print the names, and do nothing else")
    arguments = parser.parse_args()
    names = [change.name for change in CHANGES]
    if arguments.list:
        print(*names, sep="\n")
        return 0
    if unknown := [name for name in arguments.names if name not in names]:
        parser.error(f"no such change: {unknown[0]}; see --list")
    failed = False
    for change in CHANGES:
        if change.name in (arguments.names or names):
            started = monotonic()
            problems, decisions = tried(change)
            failed |= bool(problems)
            state = "FAILED" if problems else "ok"
            print(f"{state:<7}{change.name} ({monotonic() - started:.0f} s)", flush=True)
            for line in (*problems, *(f"to decide: {test}" for test in decisions)):
                print(f"       {line}", flush=True)
    return int(failed)


def tried(change: Change) -> tuple[list[str], list[str]]:
    """Make a change on a copy of the project, and update.

    Returns:
        What should not be, and the tests by hand that a person must look at.
    """
    with tempfile.TemporaryDirectory() as scratch, Docs() as site:
        copy, summary = Path(scratch) / "project", Path(scratch) / "summary.md"
        copy_checkout(ROOT, copy)
        problems = list(updated(change, copy, site, summary))
        if problems:
            return problems, []
        red = [*_undecided(summary.read_text("utf-8"))]
        if change.every_test:
            red = [*_red(copy)]
        decisions = [line for line in red if line.startswith(BY_HAND)]
        return [f"failed: {line}" for line in red if line not in decisions], decisions


def updated(change: Change, copy: Path, site: Docs, summary: Path) -> Iterator[str]:
    """Update a copy of the project after a change, and give what should not be.

    Args:
        change: The change.
        copy: The copy's top folder.
        site: Publishes the pages.
        summary: Where the update writes its summary.
    """
    site.pages[f"/{change.renamed or REAL_NAME}"] = changed_page(change)
    site.pages.update(change.added)
    site.publish_index()
    # The mutants of every change take hours; those of all changes together show as much.
    skip = () if change.every_test else ("--skip", MUTANTS)
    options = ("--index", site.index, "--summary", str(summary), *skip)
    update = partial(_script, copy, "update.py", *options)
    if change.decide is not None:
        before = files(copy)
        done = update()
        if done.returncode != 2 or files(copy) != before:
            yield f"the update should stop with 2 and change nothing; it ended {done.returncode}"
        overlay = copy / OVERLAY
        overlay.write_text(change.decide(overlay.read_text("utf-8")), "utf-8")
    done = update()
    if change.pruned and not done.returncode:
        for path, _ in change.added:
            del site.pages[path]
        site.publish_index()
        done = update("--prune")
        if any((copy / f"openapi/pages{path}").exists() for path, _ in change.added):
            yield "the page is still there"
    if done.returncode:
        yield f"the update failed: {done.stderr.strip().splitlines()[-1]}"
        yield from _failures(summary)
    else:
        said = summary.read_text("utf-8")
        yield from (f"the summary does not say: {text}" for text in change.says if text not in said)


def changed_page(change: Change) -> str:
    """The text of the published page after a change; all but the change stays as published."""
    text = REAL_PAGE.read_text("utf-8")
    published, page = (read_page(text.encode(), REAL_NAME) for _ in range(2))
    change.edit(page.block)
    if page.block != published.block:
        ((path, item),) = page.block["paths"].items()
        (method,) = item
        text = text.replace(block_text(text), written(page.block))
        text = text.replace(f" {published.operation}\n", f" {method.upper()} {path}\n")
    if change.credits is None:
        return _BADGE_BLOCK.sub("", text)
    cost = f"{change.credits} credit{'' if change.credits == 1 else 's'}"
    return _BADGE.sub(cost, text)


def _script(copy: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run(copy, str(copy / "scripts" / name), *arguments)


def _run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(copy / folder) for folder in ("generated", "src"))
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _undecided(summary: str) -> Iterator[str]:
    """The tests that the summary of an update leaves to a person, with what each says."""
    section = re.search(r"^## To decide$.*?(?=^## |\Z)", summary, re.MULTILINE | re.DOTALL)
    if section:
        yield from re.findall(r"^(?:FAILED|ERROR) (.+)$", section[0], re.MULTILINE)


def _failures(summary: Path) -> Iterator[str]:
    """The tests that ended an update, and errors, from its summary."""
    text = summary.read_text("utf-8") if summary.exists() else ""
    yield from re.findall(r"^((?:FAILED|ERROR|E ) .+)$", text, re.MULTILINE)


def _red(copy: Path) -> Iterator[str]:
    """Run every test on a copy, and give those that fail."""
    done = _run(copy, "-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", "tests")
    failed = re.findall(r"^(?:FAILED|ERROR) (.+)$", done.stdout, re.MULTILINE)
    yield from failed
    if done.returncode and not failed:
        yield f"pytest, with exit code {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"


if __name__ == "__main__":
    sys.exit(main())
