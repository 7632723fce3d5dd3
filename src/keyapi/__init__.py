"""The runtime beneath every generated KeyAPI client.

Generated packages such as `keyapi_tiktok` stand on it; users meet it as the errors a call can
raise, the `Page` a paged call returns, and the `Model` every row is.
"""

from keyapi._errors import (
    AuthenticationError,
    BadRequest,
    ConfigurationError,
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
from keyapi._models import Model
from keyapi._pages import AsyncPageIterator, Page, PageIterator

__all__ = [
    "AsyncPageIterator",
    "AuthenticationError",
    "BadRequest",
    "ConfigurationError",
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
    "ServerError",
    "TransportError",
]
