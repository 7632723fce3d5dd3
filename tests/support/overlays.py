"""Overlays for tests: each action with the published value that it corrects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jsonpath_rfc9535 as jsonpath

from pipeline.correct.overlay import apply_overlay
from pipeline.correct.published import PUBLISHED, published


def overlay(*actions: Any, **fields: Any) -> dict[str, Any]:
    """An overlay document of these actions."""
    return {
        "overlay": "1.0.0",
        "info": {"title": "Corrections", "version": "1.0.0"},
        "actions": list(actions),
        **fields,
    }


def recorded(spec: dict[str, Any], actions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Actions with what each corrects in a specification, applied one after another."""
    done: list[dict[str, Any]] = []
    for action in actions:
        now = apply_overlay(spec, overlay(*done), "overlay") if done else spec
        found = jsonpath.find(action["target"], now)
        value = published(found[0].value, action) if found else {}
        done.append({**action, PUBLISHED: value})
    return done
