"""Which version of a component each page means, where pages do not agree on it.

A component belongs to the page that was added first. Another page's version of it is the same if
only words differ; else it is kept under a name of its own if that page's operation uses it, and
left out if it does not. Evidence: components that no operation refers to differ from page to page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyapi._json import pointer
from pipeline.document.structure import fields
from pipeline.document.yaml import copied
from pipeline.errors import PipelineError
from pipeline.vendor.pages import Page

Name = tuple[str, str]
"""Section and name of a component."""
_SECURITY = "securitySchemes"
_WORDS = frozenset({"title", "description", "summary", "externalDocs"})


@dataclass(frozen=True)
class Settled:
    """A page's block, with the components that it contributes.

    Attributes:
        block: The block; references name components as the merged specification does.
        renamed: New names of components, by `section/name`.
        left_out: Components (`section/name`) that no operation of the page uses, and that are
            another page's.
        reworded: Components that words alone tell from another page's, which is taken.
    """

    block: dict[str, Any]
    renamed: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    reworded: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Owned:
    """The version of a component that goes by its name."""

    value: Any
    fingerprint: str


def settle(pages: Sequence[Page]) -> dict[str, Settled]:
    """Settle which version of each component every page means.

    Args:
        pages: The pages, in the order in which they were added: names never change because of a
            page that is added later.

    Returns:
        Each page's part, by the page's name.

    Raises:
        PipelineError: The components of a page are damaged.
    """
    prints = {page.name: _Fingerprints(page) for page in pages}
    used = {page.name: _used(page) for page in pages}
    owned: dict[Name, _Owned] = {}
    # What some page uses comes before what is only there.
    for only_used in (True, False):
        for page in pages:
            for name, value in _each(page):
                if name in used[page.name] or not only_used:
                    owned.setdefault(name, _Owned(value, prints[page.name].of(name)))
    return {page.name: _settled(page, used[page.name], owned, prints[page.name]) for page in pages}


def _settled(
    page: Page, used: set[Name], owned: dict[Name, _Owned], prints: _Fingerprints
) -> Settled:
    block = copied(page.block)
    components = block.get("components", {})
    names: dict[Name, str] = {}
    settled = Settled(block)
    for name, value in _each(page):
        section, base = name
        at = f"{section}/{base}"
        if owned[name].fingerprint == prints.of(name):
            if owned[name].value != value:
                components[section][base] = copied(owned[name].value)
                settled.reworded.append(at)
        elif name not in used:
            del components[section][base]
            settled.left_out.append(at)
        else:
            names[name] = settled.renamed[at] = _other_name(name, value, owned, prints.of(name))
    for (section, base), new in names.items():
        components[section][new] = components[section].pop(base)
    if names:
        _rename(block, names)
        for (section, _), new in names.items():
            kept = owned[section, new]
            owned[section, new] = _Owned(components[section][new], kept.fingerprint)
    return settled


def _other_name(name: Name, value: Any, owned: dict[Name, _Owned], fingerprint: str) -> str:
    """The name under which another version of a component is kept, by its content."""
    section, base = name
    number = 2
    while True:
        other = f"{base}_{number}"
        holder = next((n for n in owned if n[0] == section and n[1].lower() == other.lower()), None)
        if holder is None:
            owned[section, other] = _Owned(value, fingerprint)
            return other
        if holder[1] == other and owned[holder].fingerprint == fingerprint:
            return other
        number += 1


class _Fingerprints:
    """What each component of a page says to a program, with all that it refers to."""

    def __init__(self, page: Page) -> None:
        self._values = dict(_each(page))
        self._known: dict[Name, str] = {}

    def of(self, name: Name) -> str:
        if name not in self._known:
            self._known[name] = "/".join(name)  # what a component that contains itself finds
            content = json.dumps(self._content(self._values[name]), sort_keys=True)
            self._known[name] = hashlib.sha256(content.encode()).hexdigest()
        return self._known[name]

    def _content(self, value: Any, *, names: bool = False) -> Any:
        """A part without words, and without a difference in white space alone."""
        if isinstance(value, list):
            return [self._content(item) for item in value]
        if isinstance(value, dict):
            content = {
                key: self._content(child, names=key == "properties" and not names)
                for key, child in value.items()
                if names or (key not in _WORDS and not str(key).startswith("x-"))
            }
            name = None if names else _named(value.get("$ref"))
            return {**content, "$ref": self.of(name)} if name in self._values else content
        return " ".join(value.split()) if isinstance(value, str) else value


def _each(page: Page) -> Iterator[tuple[Name, Any]]:
    for section, members in components_of(page).items():
        if isinstance(members, dict):
            for name, value in members.items():
                yield (section, name), value


def components_of(page: Page) -> dict[str, Any]:
    """Give the components of a page, by section.

    Raises:
        PipelineError: They are damaged.
    """
    components = page.block.get("components", {})
    if not isinstance(components, dict):
        raise PipelineError(
            "components is not an object",
            where=page.name,
            pointer=pointer("components"),
            remedy="Fetch the page again.",
        )
    for section, members in components.items():
        if not isinstance(members, dict) and not section.startswith("x-"):
            raise PipelineError(
                "a section of components is not an object",
                where=page.name,
                pointer=pointer("components", section),
                remedy="Fetch the page again.",
            )
    return components


def _used(page: Page) -> set[Name]:
    """The components that a page's operation refers to, and those that these refer to."""
    item = page.block["paths"][page.path]
    found: set[Name] = set()
    waiting = [item]
    values = dict(_each(page))
    while waiting:
        for name in filter(None, map(_named, _references(waiting.pop()))):
            if name not in found:
                found.add(name)
                waiting.append(values.get(name))
    for requirement in _requirements(page.block, item[page.method]):
        found |= {(_SECURITY, name) for name in requirement}
    return found


def _named(reference: Any) -> Name | None:
    """The component that a reference names, or whose part it names."""
    if not isinstance(reference, str) or not reference.startswith("#/components/"):
        return None
    section, _, rest = reference.removeprefix("#/components/").partition("/")
    return (section, rest.partition("/")[0].replace("~1", "/").replace("~0", "~"))


def _requirements(block: dict[str, Any], operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for requirement in operation.get("security") or block.get("security") or ():
        if isinstance(requirement, dict):
            yield requirement


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str) and node["$ref"].startswith("#/components/"):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _rename(block: dict[str, Any], names: dict[Name, str]) -> None:
    """Let references and security requirements name components as they are called now."""

    def rename(node: Any, *, is_names: bool = False) -> None:
        if isinstance(node, list):
            for value in node:
                rename(value)
        elif isinstance(node, dict):
            name = None if is_names else _named(node.get("$ref"))
            if name is not None and name in names:
                old = _reference(*name)
                node["$ref"] = _reference(name[0], names[name]) + node["$ref"].removeprefix(old)
            for _, value, role, names_below in fields(node, names=is_names):
                if role in ("named", "part"):
                    rename(value, is_names=names_below)

    rename(block)
    schemes = {name: new for (section, name), new in names.items() if section == _SECURITY}
    operations = [op for item in block["paths"].values() for op in item.values()]
    for holder in (block, *(op for op in operations if isinstance(op, dict))):
        for requirement in holder.get("security") or ():
            for old, new in schemes.items():
                if isinstance(requirement, dict) and old in requirement:
                    requirement[new] = requirement.pop(old)


def _reference(section: str, name: str) -> str:
    return pointer("components", section, name)
