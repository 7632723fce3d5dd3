"""An operation of a specification as plain nodes: what stands where, without how it is nested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_KEYWORDS = (
    *("type", "format", "pattern", "default", "enum", "nullable", "multipleOf", "uniqueItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems"),
)
_PARTS = ("allOf", "anyOf", "oneOf")
_DEEPEST = 40
_USUAL: dict[str, Any] = {
    **dict.fromkeys(("required", "nullable", "uniqueItems", "deprecated"), False),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), False),
}
"""What a keyword that is left out means."""


@dataclass
class Node:
    """A parameter, a property, the items of a list, an answer, or an operation.

    Attributes:
        texts: Titles and descriptions.
        keywords: What else is said of it, by keyword.
        labels: Labels of its enum's members, in their order.
        facts: What `x-keyapi` says, by path: `paging.max`.
        examples: The values shown for it.
        schemas: Names of the components that describe it.
    """

    texts: list[str] = field(default_factory=list)
    keywords: dict[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    examples: list[Any] = field(default_factory=list)
    schemas: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The keywords in a few words, such as `integer, required, minimum 0`."""
        kind = str(self.keywords.get("type", "any type"))
        stated = {
            keyword: value
            for keyword, value in sorted(self.keywords.items())
            if keyword != "type" and value != usual(keyword)
        }
        more = (f"{key}" if value is True else f"{key} {value}" for key, value in stated.items())
        return ", ".join((kind, *more))


def operation_nodes(document: Mapping[str, Any], path: str, method: str) -> dict[str, Node]:
    """Read an operation.

    Args:
        document: A specification, OpenAPI 3.
        path: The operation's path.
        method: Its HTTP method, in lower case.

    Returns:
        Nodes by place: "" for the operation, `page_num` for a parameter, `body.keyword` for a
        property of a request, `200`, `200.data[].id` for an answer and what is in it. Empty where
        there is no such operation.
    """
    item = document.get("paths", {}).get(path) or {}
    operation = item.get(method)
    return _Reader(document).operation(item, operation) if isinstance(operation, dict) else {}


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._nodes: dict[str, Node] = {}

    def operation(self, item: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Node]:
        top = self._node("", node)
        top.texts += [node["summary"]] if node.get("summary") else []
        top.keywords["deprecated"] = bool(node.get("deprecated"))
        security = node.get("security", self._document.get("security")) or []
        top.keywords["key"] = any(security)
        schemes = self._document.get("components", {}).get("securitySchemes") or {}
        for scheme in schemes.values():
            kind = {key: scheme[key] for key in ("type", "scheme", "in", "name") if key in scheme}
            top.keywords["scheme"] = kind
        parameters = [*(item.get("parameters") or ()), *(node.get("parameters") or ())]
        for parameter in map(self._resolved, parameters):
            self._parameter(parameter)
        body = self._resolved(node.get("requestBody") or {})
        if body:
            self._node("body", body).keywords["required"] = bool(body.get("required"))
            self._content(body, "body")
        for status, response in (node.get("responses") or {}).items():
            self._content(self._resolved(response), str(status))
        return self._nodes

    def _parameter(self, parameter: Mapping[str, Any]) -> None:
        place = str(parameter.get("name"))
        node = self._node(place, parameter)
        node.keywords |= {"in": parameter.get("in"), "required": bool(parameter.get("required"))}
        for schema in (parameter, *self._media(parameter)):
            self._schema(schema.get("schema") or {}, place, ())

    def _content(self, holder: Mapping[str, Any], place: str) -> None:
        node = self._node(place, holder)
        if holder.get("content"):
            node.keywords["content"] = sorted(holder["content"])
        for media in self._media(holder):
            self._schema(media.get("schema") or {}, place, ())
            self._examples(media, node)

    def _media(self, holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield from map(self._resolved, (holder.get("content") or {}).values())

    def _schema(self, schema: Any, place: str, within: tuple[int, ...]) -> None:
        resolved = self._resolved(schema)
        if id(resolved) in within or len(within) > _DEEPEST:
            return
        within = (*within, id(resolved))
        node = self._nodes.setdefault(place, Node())
        referred = isinstance(schema, dict) and "$ref" in schema
        if referred:
            node.schemas.append(str(schema["$ref"]).rpartition("/")[2])
        for stated in (schema, resolved) if referred else (resolved,):
            self._node(place, stated)
            for keyword in _KEYWORDS:
                if keyword in stated:
                    _add(node.keywords, keyword, stated[keyword])
            node.labels += map(str, stated.get("x-enum-varnames") or ())
        self._examples(resolved, node)
        for part in _PARTS:
            for child in resolved.get(part) or ():
                self._schema(child, place, within)
        for name, child in (resolved.get("properties") or {}).items():
            self._schema(child, f"{place}.{name}", within)
        for name in resolved["required"] if isinstance(resolved.get("required"), list) else ():
            if f"{place}.{name}" in self._nodes:
                self._nodes[f"{place}.{name}"].keywords["required"] = True
        if isinstance(resolved.get("items"), dict):
            self._schema(resolved["items"], f"{place}[]", within)
        if isinstance(resolved.get("additionalProperties"), dict):
            self._schema(resolved["additionalProperties"], f"{place}{{}}", within)

    def _node(self, place: str, stated: Mapping[str, Any]) -> Node:
        """The node of a place, with what an object says of it added."""
        node = self._nodes.setdefault(place, Node())
        for key in ("title", "description"):
            if isinstance(stated.get(key), str) and stated[key].strip():
                node.texts.append(stated[key])
        node.facts |= self._leaves(stated.get("x-keyapi") or {})
        if "schema" in stated:
            self._examples(stated, node)
        return node

    def _examples(self, stated: Mapping[str, Any], node: Node) -> None:
        if "example" in stated:
            node.examples.append(stated["example"])
        shown = stated.get("examples")
        if isinstance(shown, dict):
            node.examples += [
                one["value"] for one in map(self._resolved, shown.values()) if "value" in one
            ]
        elif isinstance(shown, list):
            node.examples += shown

    def _leaves(self, facts: Any, at: str = "") -> dict[str, Any]:
        """The facts of `x-keyapi`, by path; a schema in it is one fact."""
        if not isinstance(facts, dict):
            return {at: facts}
        if at and ("$ref" in facts or "type" in facts):
            inner = _Reader(self._document)
            inner._schema(facts, "", ())
            return {at: {place: node.shown for place, node in inner._nodes.items()}}
        found: dict[str, Any] = {}
        for key, value in facts.items():
            found |= self._leaves(value, f"{at}.{key}" if at else str(key))
        return found

    def _resolved(self, node: Any) -> Mapping[str, Any]:
        """What a reference leads to; an empty object where it leads nowhere."""
        for _ in range(_DEEPEST):
            if not isinstance(node, dict):
                break
            target = node.get("$ref")
            if not isinstance(target, str):
                return node
            found: Any = self._document
            for key in target.removeprefix("#/").split("/"):
                key = key.replace("~1", "/").replace("~0", "~")
                found = found.get(key) if isinstance(found, dict) else None
            node = found
        return {}


def usual(keyword: str) -> Any:
    """What a keyword means that is left out; None where it means nothing."""
    return _USUAL.get(keyword)


def _add(keywords: dict[str, Any], keyword: str, value: Any) -> None:
    """Add a keyword; of several types, as of the parts of a union, all count."""
    if keyword == "type":
        types = {*_listed(keywords.get("type")), *_listed(value)}
        if "null" in types and types != {"null"}:
            types.remove("null")
            keywords["nullable"] = True
        keywords["type"] = "|".join(sorted(map(str, types)))
    elif keyword == "enum" and keyword in keywords:
        keywords["enum"] += [member for member in value if member not in keywords["enum"]]
    else:
        keywords[keyword] = list(value) if isinstance(value, list) else value


def _listed(types: Any) -> list[str]:
    if isinstance(types, list):
        return [str(each) for each in types]
    return [] if types is None else str(types).split("|")
