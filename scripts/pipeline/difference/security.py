"""Compare security requirements and schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.difference.compare import Place, always, by_key, same
from pipeline.difference.model import MISSING, Difference


def compare_security(place: Place, old: Any, new: Any, prefix: str) -> Iterator[Difference]:
    """Report how the requirements of an operation or of the whole API changed.

    They are alternatives: each maps names of schemes to scopes, all of which are needed.

    Args:
        place: Where they stand.
        old: The old list.
        new: The new list.
        prefix: What the ids begin with: `api-security` or `api-global-security`.
    """
    if same(old, new):
        return
    before, after = _alternatives(old), _alternatives(new)
    found: list[Difference] = []
    for name, (index, requirement) in before.items():
        if name not in after:
            found.append(place.at(index).differs(f"{prefix}-removed", name))
            continue
        at, scopes = after[name]
        for scheme in requirement:
            was, now = _scopes(requirement[scheme]), _scopes(scopes[scheme])
            for scope in [scope for scope in was if scope not in now]:
                here = place.at(index, scheme)
                found.append(here.differs(f"{prefix}-scope-removed", scope))
            for scope in [scope for scope in now if scope not in was]:
                here = place.at(at, scheme)
                found.append(here.differs(f"{prefix}-scope-added", MISSING, scope))
    for name, (index, _) in after.items():
        if name not in before:
            first = not before and prefix == "api-security"
            rule = "x-security-now-required" if first else f"{prefix}-added"
            found.append(place.at(index).differs(rule, MISSING, name))
    yield from found or [place.differs("x-order-changed", old, new)]


def compare_schemes(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    """Report how the named security schemes changed."""
    old, new = ({} if side is MISSING else side for side in (old, new))
    for name in {**old, **new}:
        at = place.at(name)
        if name not in new:
            yield at.differs("api-security-component-removed", name)
        elif name not in old:
            yield at.differs("api-security-component-added", MISSING, name)
        else:
            comparisons = {
                "type": always("api-security-component-type-changed"),
                "description": always("x-description-changed"),
                **dict.fromkeys(
                    ("scheme", "bearerFormat", "in", "name"), always("x-security-scheme-changed")
                ),
            }
            yield from by_key(at, old[name], new[name], comparisons)


def _alternatives(requirements: Any) -> dict[str, tuple[int, dict[str, Any]]]:
    """Requirements with their index, by the names of their schemes."""
    return {
        " and ".join(sorted(requirement)): (index, requirement)
        for index, requirement in enumerate(requirements)
        if isinstance(requirement, dict)
    }


def _scopes(scopes: Any) -> list[Any]:
    return scopes if isinstance(scopes, list) else []
