"""What is known of each vendored page: its operation, its method, and what was made of it.

Everything is read from where it is committed or made: the lock, the effective specification, the
overlay as it was applied, `openapi/not-understood.yaml`, and the client.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.page_words.listing import read_listing
from keyapi._client import SyncClient
from keyapi._clients import methods
from keyapi.cli.commands import Command, commands
from keyapi.cli.values import dashed
from keyapi.specification import OperationSpec, Specification
from pipeline.correct.overlay import Action
from pipeline.document.yaml import load_yaml
from pipeline.project import PAGES, Project

_EVERY = "$.paths[*]"  # what the target of a correction of every operation begins with
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_UNREAD = ("not understood", "different", "left out")


@dataclass(frozen=True)
class Correction:
    """A correction of a page by the overlay.

    Attributes:
        reason: Why it was made.
        evidence: Where the reason comes from.
    """

    reason: str
    evidence: str


@dataclass(frozen=True)
class Statement:
    """Something that page and specification do not say alike.

    Attributes:
        kind: "not understood", "different" or "left out"; "note" for what no rule could infer.
        text: What it says.
        place: Where: a parameter, or an answer and what is in it; empty where it is in the text.
    """

    kind: str
    text: str
    place: str = ""


@dataclass(frozen=True)
class VendoredPage:
    """One page of the API, and the operation that it documents.

    Attributes:
        name: Its path below `openapi/pages`.
        source: Address it was fetched from, or "file".
        sha256: Hash of its bytes.
        changed: Day on which it was last vendored with a change, as `2026-11-27`; empty where no
            history tells.
        operation: Its operation in the effective specification.
        command: Its method, its walk and its command.
        corrections: What the overlay corrects of this page.
        shared: How many corrections of every operation apply to it, too.
        statements: What was not understood.
    """

    name: str
    source: str
    sha256: str
    changed: str
    operation: OperationSpec
    command: Command
    corrections: tuple[Correction, ...]
    shared: int
    statements: tuple[Statement, ...]

    @property
    def document(self) -> str:
        """Name of its page on the site."""
        return f"operations/{self.command.resource}-{self.command.name}"

    @property
    def method(self) -> str:
        """Its method, as `influencer.products_analytics`."""
        return f"{self.command.call.resource}.{self.command.call.name}"


def read_pages(root: Path, client: type[SyncClient]) -> tuple[Specification, list[VendoredPage]]:
    """Read what is known of each page of a project.

    Args:
        root: The project's top folder.
        client: The sync client that was made from its pages.

    Returns:
        The effective specification, and its pages in the order of the lock. A page whose operation
        the overlay removes is left out.

    Raises:
        PipelineError: Pages, lock and overlay do not fit together.
    """
    project = Project(root)
    vendored = project.vendored()
    corrected = project.corrected(vendored)
    shaped = project.shaped(corrected, vendored)
    specification = Specification(shaped.spec)
    overlay = load_yaml(project.read(project.overlay, ""), project.overlay)
    applied = list(zip(corrected.actions, overlay["actions"], strict=True))
    listing = (read_listing(project) or {}).get("pages", {})
    by_operation = {f"{each.method} {each.path}": each for each in specification}
    by_name = {each.spec.name: each for each in commands(methods(client), specification.operations)}
    days = _days(root)
    found = []
    for name, entry in vendored.lock["pages"].items():
        operation = by_operation.get(entry["operation"])
        if operation is None:
            continue
        affecting = [(each, node) for each, node in applied if _concerns(each, operation)]
        own = [node for each, node in affecting if not each.target.startswith(_EVERY)]
        notes = (note for note in shaped.notes if note.startswith(f"{name} "))
        found.append(
            VendoredPage(
                name,
                entry["source"],
                entry["sha256"],
                days.get(f"{PAGES}/{name}", ""),
                operation,
                by_name[operation.name],
                tuple(
                    Correction(node.get("description", ""), node.get("x-evidence", ""))
                    for node in own
                ),
                len(affecting) - len(own),
                (*_statements(listing.get(name, {})), *map(_note, notes)),
            )
        )
    return specification, found


def resource_title(page: VendoredPage) -> str:
    """The word that groups operations: the attribute of the client."""
    return dashed(page.command.call.resource)


def _concerns(action: Action, operation: OperationSpec) -> bool:
    """Whether an action writes into an operation, or what its path says of all its methods."""
    for location in action.written:
        beginning, inner = location[:2], [str(key) for key in location[2:3]]
        if beginning == ("paths", operation.path):
            method = inner[0] if inner and inner[0] in _METHODS else operation.method.lower()
            if method == operation.method.lower():
                return True
    return False


def _statements(kinds: Mapping[str, Any]) -> Iterator[Statement]:
    for kind in _UNREAD:
        for each in kinds.get(kind, ()):
            place = "" if each["at"] == "operation" else each["at"]
            yield Statement(kind, each["says"], place)


def _note(text: str) -> Statement:
    """A note of the pipeline without the page's name and the pointer, which its page has."""
    _, _, rest = text.partition(": ")
    return Statement("note", rest or text)


def _days(root: Path) -> dict[str, str]:
    """The day of the last change of each page, from the history; empty without one."""
    git = shutil.which("git")
    if git is None:
        return {}
    command = [git, "-C", str(root), "log", "--format=:%cs", "--name-only", "--relative"]
    log = subprocess.run([*command, "--", PAGES], capture_output=True, text=True, check=False)
    days: dict[str, str] = {}
    day = ""
    for line in log.stdout.splitlines():
        if line.startswith(":"):
            day = line[1:]
        elif line:
            days.setdefault(line, day)
    return days
