"""Compare two operations: parameters, body, answers, security, and what was understood of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keyapi._facts import EXTENSION
from pipeline.difference.compare import (
    Place,
    always,
    by_key,
    canonical,
    same,
    turned,
    unexplained,
)
from pipeline.difference.examples import Examples
from pipeline.difference.extension import compare_facts
from pipeline.difference.model import MISSING, Difference
from pipeline.difference.schemas import Schemas, alike
from pipeline.difference.security import compare_security
from pipeline.difference.words import identifier, method, shown

_TOGETHER = ("security", "tags")


@dataclass(frozen=True)
class Operations:
    """Compares operations.

    Attributes:
        old: The old specification.
        new: The new specification.
        schemas: Compares their schemas.
    """

    old: dict[str, Any]
    new: dict[str, Any]
    schemas: Schemas

    def compare(
        self, place: Place, old: dict[str, Any], new: dict[str, Any]
    ) -> Iterator[Difference]:
        """Report how an operation changed.

        Args:
            place: Where the new one stands; its words name the `method`.
            old: The old operation object.
            new: The new operation object.
        """
        before, after = (
            side.get("security", glob.get("security", []))
            for side, glob in ((old, self.old), (new, self.new))
        )
        if "security" in old or "security" in new:
            yield from compare_security(place.at("security"), before, after, "api-security")
        yield from _tags(place.at("tags"), old.get("tags", []), new.get("tags", []))
        comparisons = {
            **dict.fromkeys(("summary", "description"), always("x-description-changed")),
            "operationId": lambda at, before, after: _renamed(at, old, new),
            "deprecated": turned("endpoint-deprecated", "endpoint-reactivated"),
            "parameters": self._parameters,
            "requestBody": self._body,
            "responses": self._responses,
            EXTENSION: compare_facts,
        }
        rest_old = {key: value for key, value in old.items() if key not in _TOGETHER}
        rest_new = {key: value for key, value in new.items() if key not in _TOGETHER}
        yield from by_key(place, rest_old, rest_new, comparisons)

    def _parameters(self, place: Place, old: Any, new: Any) -> Iterator[Difference]:
        """Parameters are matched by name and place; their order says nothing."""
        old, new = ([] if side is MISSING else side for side in (old, new))
        before, after = _by_name(old), _by_name(new)
        if len(before) < len(old) or len(after) < len(new):  # two of one name
            yield from unexplained(place, old, new)
            return
        gone = {key: found for key, found in before.items() if key not in after}
        come = {key: found for key, found in after.items() if key not in before}
        for key, (_, parameter) in list(gone.items()):
            for other, (index, candidate) in come.items():
                if _only_renamed(parameter, candidate):
                    at = self._argument(place, index, candidate)
                    yield at.at("name").differs(
                        "x-request-parameter-renamed",
                        parameter["name"],
                        candidate["name"],
                        old_argument=identifier(parameter["name"]),
                    )
                    del gone[key], come[other]
                    break
        for index, parameter in gone.values():
            how = "-with-deprecation" if parameter.get("deprecated") is True else ""
            at = self._argument(place, index, parameter)
            yield at.differs(f"request-parameter-removed{how}", parameter)
        for index, parameter in come.values():
            rule = "new-optional-request-parameter"
            if parameter.get("required") is True:
                rule = "new-required-request-parameter"
            if parameter.get("in") == "path":
                rule = "new-request-path-parameter"
            at = self._argument(place, index, parameter)
            yield at.differs(rule, MISSING, parameter)
        both = [key for key in before if key in after]
        for key in both:
            index, parameter = after[key]
            at = self._argument(place, index, parameter)
            yield from self._parameter(at, before[key][1], parameter)
        if both != [key for key in after if key in before]:
            names = [name for _, name in both]
            yield place.differs(
                "x-order-changed", names, [name for _, name in after if name in names]
            )

    def _argument(self, place: Place, index: int, parameter: dict[str, Any]) -> Place:
        argument = identifier(str(parameter["name"]))
        subject = f"the argument `{argument}` of `{dict(place.words)['method']}()`"
        return place.at(index, argument=argument, subject=subject, owner=argument)

    def _parameter(
        self, place: Place, old: dict[str, Any], new: dict[str, Any]
    ) -> Iterator[Difference]:
        def schema(at: Place, before: Any, after: Any) -> Iterator[Difference]:
            yield from self.schemas.compare(at, before, after, "request-parameter")

        serialized = always("x-request-parameter-serialization-changed")
        comparisons = {
            "description": always("x-description-changed"),
            "required": turned(
                "request-parameter-became-required", "request-parameter-became-optional"
            ),
            "deprecated": turned("request-parameter-deprecated", "request-parameter-reactivated"),
            "schema": schema,
            "example": Examples(self.new, new.get("schema")).compare,
            **dict.fromkeys(("style", "explode", "allowReserved"), serialized),
        }
        yield from by_key(place, old, new, comparisons)

    def _body(self, place: Place, old: Any, new: Any) -> Iterator[Difference]:
        if old is MISSING:
            kind = "required" if new.get("required") is True else "optional"
            yield place.differs(f"request-body-added-{kind}", MISSING, new)
        elif new is MISSING:
            yield place.differs("request-body-removed", old)
        else:
            content = self._content("request-body", "request-body")
            comparisons = {
                "required": turned("request-body-became-required", "request-body-became-optional"),
                "description": always("x-description-changed"),
                "content": content,
            }
            yield from by_key(place, old, new, comparisons)

    def _responses(self, place: Place, old: Any, new: Any) -> Iterator[Difference]:
        old, new = ({} if side is MISSING else side for side in (old, new))
        for status in {**old, **new}:
            at = place.at(status, status=shown(str(status)))
            kind = "success" if str(status).startswith("2") else "non-success"
            if status not in new:
                yield at.differs(f"response-{kind}-status-removed", status)
            elif status not in old:
                yield at.differs(f"response-{kind}-status-added", MISSING, status)
            else:
                comparisons = {
                    "description": always("x-description-changed"),
                    "content": self._content("response", "response-body"),
                }
                yield from by_key(at, old[status], new[status], comparisons)

    def _content(self, prefix: str, role: str) -> Any:
        """A comparison of what stands under each media type."""
        subject = "the body" if role == "request-body" else "the answer"

        def schema(at: Place, before: Any, after: Any) -> Iterator[Difference]:
            if before is MISSING or after is MISSING:
                action = "added" if before is MISSING else "removed"
                name = "request-body" if role == "request-body" else "response-body"
                yield at.differs(f"{name}-media-type-schema-{action}", before, after)
            else:
                words = dict(at.words)
                at = at.at(subject=f"{subject} of `{words['method']}()`", owner=subject)
                yield from self.schemas.compare(at, before, after, role)

        def compare(place: Place, old: Any, new: Any) -> Iterator[Difference]:
            old, new = ({} if side is MISSING else side for side in (old, new))
            for name in {**old, **new}:
                at = place.at(name)
                if name not in new:
                    yield at.differs(f"{prefix}-media-type-removed", name)
                elif name not in old:
                    yield at.differs(f"{prefix}-media-type-added", MISSING, name)
                else:
                    examples = Examples(self.new, new[name].get("schema"))
                    comparisons = {"schema": schema, "example": examples.compare}
                    yield from by_key(at, old[name], new[name], comparisons)

        return compare


def _by_name(
    parameters: list[dict[str, Any]],
) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
    """Parameters with their index, by place and name."""
    return {
        (str(parameter.get("in")), str(parameter.get("name"))): (index, parameter)
        for index, parameter in enumerate(parameters)
    }


def _only_renamed(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a parameter is another but for its name, and the name can be meant for it."""
    without = ({k: v for k, v in side.items() if k != "name"} for side in (old, new))
    return same(*without) and alike(str(old.get("name")), str(new.get("name")))


def _renamed(place: Place, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    """An operation with a new name: its method has one, too."""
    before, after = old.get("operationId", MISSING), new.get("operationId", MISSING)
    yield place.differs(
        "api-operation-id-removed",
        before,
        after,
        old_method=method(old, str(before)),
        method=method(new, str(after)),
    )


def _tags(place: Place, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    if same(old, new):
        return
    before, after = ([canonical(tag) for tag in side] for side in (old, new))
    found = [
        place.at(i).differs("api-tag-removed", tag)
        for i, tag in enumerate(old)
        if canonical(tag) not in after
    ]
    found += [
        place.at(i).differs("api-tag-added", MISSING, tag)
        for i, tag in enumerate(new)
        if canonical(tag) not in before
    ]
    yield from found or [place.differs("x-order-changed", old, new)]
