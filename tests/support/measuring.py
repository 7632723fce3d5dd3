"""Which of the many cases of a test are measured, where coverage takes longer than they do.

Measuring doubles what a test takes. A test that reaches no branch which another does not reach is
marked `no_cover`, a mark of pytest-cov; what that leaves out, `nox -s tests` tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def measured(cases: Iterable[Any], *chosen: Any) -> list[Any]:
    """Give the cases of a test, of which only the chosen ones are measured.

    Args:
        cases: The cases, as `pytest.mark.parametrize` takes them.
        chosen: Those that are measured.
    """
    return [case if case in chosen else _unmeasured(case) for case in cases]


def _unmeasured(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.no_cover)
