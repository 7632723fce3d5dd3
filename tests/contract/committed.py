"""What the suite runs on: the committed specification, and the cases that are made from it."""

from __future__ import annotations

from keyapi.conformance.fuzz import Fuzz
from keyapi.specification import Specification

SPECIFICATION = Specification.of_package("keyapi_tiktok")
FUZZ = Fuzz(SPECIFICATION)
