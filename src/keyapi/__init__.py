"""The runtime beneath every generated KeyAPI client.

Generated packages such as `keyapi_tiktok` build on it. It defines the errors a call can raise, the
`Page` a paged call returns, and `Model`, the base class of every row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keyapi._budget import Budget
from keyapi._errors import (
    AuthenticationError,
    BadRequest,
    BudgetExceeded,
    ConfigurationError,
    ContractViolation,
    InsufficientCredits,
    InvalidResponse,
    KeyAPIError,
    NotFound,
    PaginationError,
    PermissionDenied,
    RateLimited,
    ServerError,
    TransportError,
)
from keyapi._page import Page
from keyapi._pages import AsyncPageIterator, PageIterator

if TYPE_CHECKING:
    from keyapi._models import Model
    from keyapi._redis.budget import RedisBudget

__all__ = [
    "AsyncPageIterator",
    "AuthenticationError",
    "BadRequest",
    "Budget",
    "BudgetExceeded",
    "ConfigurationError",
    "ContractViolation",
    "InsufficientCredits",
    "InvalidResponse",
    "KeyAPIError",
    "Model",
    "NotFound",
    "Page",
    "PageIterator",
    "PaginationError",
    "PermissionDenied",
    "RateLimited",
    "RedisBudget",
    "ServerError",
    "TransportError",
]
__version__: str
"""The installed version of the distribution `keyapi-tiktok`."""


def __getattr__(name: str) -> Any:
    if name == "__version__":  # found by searching the installed packages, for 2 ms
        from importlib.metadata import version

        return version("keyapi-tiktok")
    if name == "Model":  # not needed before the first row is read
        from keyapi._models import Model

        return Model
    if name == "RedisBudget":
        from keyapi._redis.budget import RedisBudget

        return RedisBudget
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
