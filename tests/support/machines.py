"""How state machines of Hypothesis run as tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

REPEATABLE = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
"""The same examples each time, however slow the machine is; `nox -s soak` tries others."""
