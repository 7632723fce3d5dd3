"""Shape: rules that hold for every KeyAPI page, so that a new page needs no hand work.

Each rule is one function with its evidence in its docstring; they edit one private copy of the
corrected specification, in the order listed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.document.yaml import copied
from pipeline.shape import (
    composition,
    dialect,
    examples,
    inference,
    maps,
    naming,
    parameters,
    promises,
    references,
    repair,
    values,
    wire,
)
from pipeline.shape.draft import Draft
from pipeline.vendor.merge import operations_in_order

RULES = (
    naming.require_known_operations,
    repair.drop_publisher_extensions,
    repair.merge_path_items,
    references.inline_references,
    repair.read_statuses,
    wire.read_media_types,
    wire.require_bearer,
    wire.require_places,
    dialect.read_dialects,
    repair.repair_schemas,
    wire.require_styles,
    wire.merge_bodies,
    wire.separate_directions,
    values.repair_enums,
    repair.require_success,
    repair.repair_document,
    repair.move_examples,
    naming.name_operations,
    parameters.constrain_parameters,
    values.repair_defaults,
    composition.join_parts,
    composition.join_kinds_of_rows,
    composition.note_kinds_of_data,
    maps.read_maps,
    examples.complete_from_examples,
    promises.require_envelope,
    promises.promise_success,
    promises.bound_counts,
    promises.keep_to_examples,
    examples.mark_json_text,
    examples.describe_from_titles,
    inference.write_facts,
    naming.name_schemas,
)


@dataclass(frozen=True)
class Shaped:
    """The effective specification, and notes on what could not be understood."""

    spec: dict[str, Any]
    notes: tuple[str, ...]


def shape(corrected: dict[str, Any], lock: dict[str, Any], client_class: str = "TikTok") -> Shaped:
    """Give the effective specification.

    Args:
        corrected: The vendored specification after the overlay.
        lock: The lock, which knows each operation's page, cost, and place in the order.
        client_class: Name of the client class, which no model may have.

    Raises:
        PipelineError: A rule found something that tools could not use.
    """
    draft = Draft(copied(corrected), operations_in_order(lock), client_class)
    for rule in RULES:
        rule(draft)
    draft.spec["openapi"] = "3.0.3"
    return Shaped(draft.spec, tuple(draft.notes))
