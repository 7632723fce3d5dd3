"""What a run looked at: the specification's version, and in a checkout what changed last."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyapi._openapi import operations
from keyapi.specification import Specification

_SPEC = "openapi.json"
_SOURCES = ("openapi/pages", ":(glob)openapi/*.yaml", f":(glob)generated/*/{_SPEC}")
"""What says in a checkout what the specification is."""
_SECONDS = 10.0  # how long git may take
_SHOWN = 6  # how many operations or files are listed


@dataclass(frozen=True)
class Revision:
    """What a run looked at.

    Attributes:
        specification: Version of the specification, and the beginning of its hash.
        checkout: `git describe` and subject of the commit; empty outside of a checkout.
        uncommitted: Files that differ from it.
        changed: The last commit that touched the specification or its sources: hash, date, subject.
        operations: What it did to operations: `changed influencer_products_analytics`.
    """

    specification: str = ""
    checkout: str = ""
    uncommitted: tuple[str, ...] = ()
    changed: str = ""
    operations: tuple[str, ...] = ()

    def lines(self) -> Iterator[tuple[str, str]]:
        """Word and text of each thing that is known, for people."""
        if self.specification:
            yield "Specification", self.specification
        if self.changed:
            yield "Last changed", f"{self.changed}{_listed(self.operations)}"
        if self.checkout:
            yield "Checkout", self.checkout
        if self.uncommitted:
            count = len(self.uncommitted)
            files = f"{count} file{'s' if count > 1 else ''}"
            yield "Not committed", f"{files}{_listed(self.uncommitted)}"


def revision(folder: Path, specification: Specification | None) -> Revision:
    """Find out what a run looks at.

    Args:
        folder: The top folder of the suite; a checkout, or not.
        specification: The specification it looks at, if it names one.
    """
    described = "" if specification is None else _described(specification.document)
    head = _git(folder, "log", "-1", "--format=%cs %s")
    if head is None:
        return Revision(described)
    name = _git(folder, "describe", "--always", "--tags") or ""
    status = _git(folder, "status", "--porcelain", "--untracked-files=no") or ""
    last = _git(folder, "log", "-1", "--format=%h %cs %s", "--", *_SOURCES) or ""
    return Revision(
        described,
        f"{name} {head}".strip(),
        tuple(line.strip().partition(" ")[2].strip() for line in status.splitlines()),
        last,
        tuple(_operations(folder, last.partition(" ")[0])) if last else (),
    )


def _described(document: Any) -> str:
    content = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
    info = document.get("info", {})
    version = " ".join(str(info[key]) for key in ("title", "version") if key in info)
    return f"{version} (sha256 {hashlib.sha256(content).hexdigest()[:12]})".strip()


def _operations(folder: Path, commit: str) -> Iterator[str]:
    """What a commit did to the operations of the specifications in it."""
    touched = _git(folder, "show", "--format=", "--name-only", "--relative", commit) or ""
    for path in touched.splitlines():
        if path.startswith("generated/") and path.rpartition("/")[2] == _SPEC:
            old = _nodes(_git(folder, "show", f"{commit}^:./{path}"))
            new = _nodes(_git(folder, "show", f"{commit}:./{path}"))
            for name in {**old, **new}:
                if old.get(name) != new.get(name):
                    verb = "added" if name not in old else "changed"
                    yield f"{verb if name in new else 'removed'} {name}"


def _nodes(text: str | None) -> dict[str, str]:
    """Each operation of a specification with all that it refers to, by name."""
    try:
        document = json.loads(text or "{}")
        found = list(operations({"paths": {}, **document}))
    except (ValueError, AttributeError, TypeError):
        return {}
    schemas = document.get("components", {}).get("schemas", {})
    return {operation.name: _written(operation.node, schemas) for operation in found}


def _written(node: Any, schemas: dict[str, Any]) -> str:
    """A node as text, followed by each schema that it refers to, at any depth."""
    text = json.dumps(node, sort_keys=True)
    seen: set[str] = set()
    waiting = [text]
    while waiting:
        inner = waiting.pop()
        for name in sorted(schemas):
            if name not in seen and f'"#/components/schemas/{name}"' in inner:
                seen.add(name)
                waiting.append(json.dumps(schemas[name], sort_keys=True))
                text += waiting[-1]
    return text


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None where there is no git, no repository, or it says no."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - wherever git is
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip("\n") if done.returncode == 0 else None


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f": {', '.join(names[:_SHOWN])}{more}"
