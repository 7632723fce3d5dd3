"""Change the published pages in every ordinary way, update, and run the tests on what came of it.

    python -m support.changes                 each change, one after the other
    python -m support.changes price note      only these
    python -m support.changes --list          their names

Each change is made on a copy of the project. `update.py` must take it, or stop where a correction
no longer fits what the page says and take it once the overlay is edited; then the tests of client,
sandbox and command line and the contract suite must pass. Tests that state a fact of the page by
hand may fail: a person decides about them. They are listed, a line each.

Exit code 1: an update ended otherwise than it should, or another test failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

from pipeline.cli import ROOT
from pipeline.commands.update import NOT_COPIED
from pipeline.vendor.pages import read_page
from support.docs_site import Docs
from support.pages import EXAMPLE, REAL_NAME, markdown, query

TESTS = ("tests/client", "tests/sandbox", "tests/cli", "tests/contract")
BY_HAND = ("tests/sandbox/test_golden.py", "tests/client/test_readme.py")
"""Tests that state facts of the published page by hand, so that a person decides about them."""
_OVERLAY = "openapi/tiktok.overlay.yaml"
_SHAPES = EXAMPLE / "openapi/pages/en/tiktok"

Document = dict[str, Any]
Edit = Callable[[Document], None]
"""Changes the specification block of the published page."""


@dataclass(frozen=True)
class Change:
    """A change of the published pages.

    Attributes:
        name: What it is called.
        edit: What changes in the published page's specification block.
        credits: What the page says that a request costs.
        added: Pages of the example that are published beside it, by path below its pages.
        decide: Edits the text of the overlay, where the update must stop first; None where it
            must not.
        renamed: The published page's new address, or None.
        pruned: Whether the added pages are withdrawn again, and dropped with --prune.
    """

    name: str
    edit: Edit = lambda document: None
    credits: int = 1
    added: tuple[str, ...] = ()
    decide: Callable[[str], str] | None = None
    renamed: str | None = None
    pruned: bool = False


def described(name: str, old: str, new: str) -> Edit:
    """Replace text in the description of a parameter."""

    def edit(document: Document) -> None:
        parameter = next(one for one in _operation(document)["parameters"] if one["name"] == name)
        if old not in parameter["description"]:
            raise ValueError(f"{name} is no longer described by {old!r}: adapt the change")
        parameter["description"] = parameter["description"].replace(old, new)

    return edit


def parameter_added(document: Document) -> None:
    """Document one more optional parameter."""
    _operation(document)["parameters"].insert(1, query("brand", "Brand of the product"))


def row_changed(name: str, **schema: Any) -> Edit:
    """Change the schema of a property of the row, or add it."""
    return lambda document: _row(document).setdefault(name, {}).update(schema)


def property_removed(document: Document) -> None:
    """Document one property less, in schema and example."""
    del _row(document)["total_live_cnt"]
    del _example(document)["total_live_cnt"]


def example_changed(document: Document) -> None:
    """Show another product."""
    _example(document).update(product_id="1729383941730700000", product_name="Another Brush")


def moved(document: Document) -> None:
    """Name another server."""
    document["servers"] = [{"url": "https://eu.keyapi.ai"}]


def _operation(document: Document) -> Document:
    (item,) = document["paths"].values()
    operation: Document = item["get"]
    return operation


def _answer(document: Document) -> Document:
    content = _operation(document)["responses"]["200"]["content"]
    schema: Document = content["application/json"]["schema"]
    return schema


def _row(document: Document) -> Document:
    row: Document = _answer(document)["properties"]["data"]["items"]["properties"]
    return row


def _example(document: Document) -> Document:
    example: Document = _answer(document)["example"]["data"][0]
    return example


def ten_to_twenty(overlay: str) -> str:
    """Correct the page size's words as the page has them now."""
    for old, new in (
        ("maximum number of pages is 10", "maximum number of pages is 20"),
        ("Rows per page, at most 10", "Rows per page, at most 20"),
    ):
        if old not in overlay:
            raise ValueError(f"the overlay no longer says {old!r}: adapt the change")
        overlay = overlay.replace(old, new)
    return overlay


_SORTS = "influencer_product_sort_field"
_LAST = " 5=total_video_sale_gmv_amt"

CHANGES = (
    Change("price", credits=2),
    Change("page-size", described("page_size", "is 10.", "is 20."), decide=ten_to_twenty),
    Change("sort-field-added", described(_SORTS, _LAST, f"{_LAST} 6=total_live_sale_gmv_amt")),
    Change("sort-field-removed", described(_SORTS, _LAST, "")),
    Change("enum-member-added", described("sort_type", "1=desc", "1=desc 2=shuffled")),
    Change("parameter-added", parameter_added),
    Change("property-added", row_changed("brand", type="string")),
    Change("property-removed", property_removed),
    Change("property-retyped", row_changed("total_video_cnt", type="string")),
    Change("property-nullable", row_changed("product_name", nullable=True)),
    Change("example", example_changed),
    Change("renamed", renamed="en/tiktok/influencer/products.md"),
    Change("servers", moved),
    *(
        Change(f"added-{path.parent.name}-{path.stem}", added=(f"{path.parent.name}/{path.name}",))
        for path in sorted(_SHAPES.glob("*/*.md"))
        if f"en/tiktok/{path.parent.name}/{path.name}" != REAL_NAME
    ),
    Change("pruned", added=("shop/detail.md",), pruned=True),
)


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
            for line in (*problems, *(f"to decide: {one}" for one in decisions)):
                print(f"       {line}", flush=True)
    return int(failed)


def tried(change: Change) -> tuple[list[str], list[str]]:
    """Make a change on a copy of the project, and run the tests there.

    Returns:
        What should not be, and the tests by hand that a person must look at.
    """
    with tempfile.TemporaryDirectory() as scratch, Docs() as site:
        copy = Path(scratch) / "project"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=NOT_COPIED)
        problems = list(updated(change, copy, site))
        if problems:
            return problems, []
        red = list(_red(copy))
        decisions = [name for name in red if name.startswith(BY_HAND)]
        return [f"failed: {name}" for name in red if name not in decisions], decisions


def updated(change: Change, copy: Path, site: Docs) -> Iterator[str]:
    """Update a copy of the project after a change, and give what should not be."""
    published = read_page((ROOT / "openapi/pages" / REAL_NAME).read_bytes(), REAL_NAME)
    change.edit(published.block)
    block = yaml.safe_dump(published.block, sort_keys=False, allow_unicode=True)
    info = f"yaml {published.spec_file} {published.operation}"
    text = markdown(block, info=info, credits=change.credits)
    site.pages[f"/{change.renamed or REAL_NAME}"] = text
    for name in change.added:
        site.pages[f"/en/tiktok/{name}"] = (_SHAPES / name).read_text("utf-8")
    site.publish_index()
    update = partial(_script, copy, "update.py", "--index", site.index)
    if change.decide is not None:
        before = _tree(copy)
        done = update()
        if done.returncode != 2 or _tree(copy) != before:
            yield f"the update should stop with 2 and change nothing; it ended {done.returncode}"
        overlay = copy / _OVERLAY
        overlay.write_text(change.decide(overlay.read_text("utf-8")), "utf-8")
    done = update()
    if done.returncode:
        yield f"the update failed: {done.stderr.strip().splitlines()[-1]}"
        return
    if change.pruned:
        for name in change.added:
            del site.pages[f"/en/tiktok/{name}"]
        site.publish_index()
        done = update("--prune")
        if done.returncode:
            yield f"the update failed: {done.stderr.strip().splitlines()[-1]}"
        elif any((copy / "openapi/pages/en/tiktok" / name).exists() for name in change.added):
            yield "the page is still there"
    if _script(copy, "regenerate.py", "--check").returncode:
        yield "generated/ is not what the specification gives"


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


def _red(copy: Path) -> Iterator[str]:
    """Run the tests on a copy, and give the names of those that fail."""
    done = _run(copy, "-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", *TESTS)
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    yield from failed
    if done.returncode and not failed:
        yield f"pytest, with exit code {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"


def _tree(copy: Path) -> dict[str, bytes]:
    folders = ("openapi", "generated", "tests/recordings")
    return {
        str(path): path.read_bytes()
        for folder in folders
        for path in sorted((copy / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


if __name__ == "__main__":
    sys.exit(main())
