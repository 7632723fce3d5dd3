"""Compare two examples: did one that fitted its schema cease to?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.difference.compare import Place, few_leaves
from pipeline.difference.model import MISSING, Difference


@dataclass(frozen=True)
class Examples:
    """Compares examples of a schema.

    Attributes:
        spec: The new specification, for what the schema refers to.
        schema: The new schema, or None where there is none.
    """

    spec: dict[str, Any]
    schema: Any

    def compare(self, place: Place, old: Any, new: Any) -> Iterator[Difference]:
        """Report how an example changed, and whether it fits its schema now."""
        rule = "x-example-changed" if self._fits(new) else "x-example-invalid"
        for path, before, after in few_leaves(old, new):
            yield place.at(*path).differs(rule, before, after)

    def _fits(self, example: Any) -> bool:
        if example is MISSING or not isinstance(self.schema, dict):
            return True
        # Slow to import, and few updates touch an example.
        from openapi_schema_validator import OAS30Validator
        from referencing.exceptions import Unresolvable

        whole = {"allOf": [self.schema], "components": self.spec.get("components", {})}
        try:
            return bool(OAS30Validator(whole).is_valid(example))
        except Unresolvable:
            return True  # the reference is reported separately
