"""What stands for "as it was" where None is a value."""

from __future__ import annotations

from typing import Any


class _Unchanged:
    def __repr__(self) -> str:
        return "UNCHANGED"


UNCHANGED: Any = _Unchanged()
"""The default of the arguments of `with_options`, which may all be None."""
