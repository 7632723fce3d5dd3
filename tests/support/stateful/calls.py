"""Clients and walks beside their models, and how a model's request is made with a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from support.stateful.model import Account, Fetch, Options, Walk
from support.stateful.server import FEED_ROWS, OPERATIONS


@dataclass
class Client:
    """A client, and what the model knows of it."""

    real: Any
    options: Options
    account: Account
    key: str


@dataclass
class Walked:
    """A walk of a client beside its model.

    Attributes:
        first: What it asks for first.
        pages: The iterator of its whole pages.
    """

    client: Client
    real: Any
    model: Walk
    first: Fetch
    pages: Any = None


def fetch_of(operation: str, subject: int, position: int | None, size: int) -> Fetch:
    """A request for a page; of the feed, which takes a cursor alone, for what it can take."""
    if OPERATIONS[operation].size:
        cursor = None if position is None else (position - 1) * OPERATIONS[operation].size
        return Fetch(operation, FEED_ROWS, cursor, None)
    return Fetch(operation, subject, position or 1, size)


def method_of(client: Any, fetch: Fetch, prefix: str = "") -> Any:
    """The client's method that makes a request, or with the prefix `iter_` walks from there."""
    resource, _, name = fetch.operation.partition("_")
    return getattr(getattr(client, resource), prefix + name)


def arguments_of(fetch: Fetch, start: str = "") -> dict[str, Any]:
    """The arguments of a call as its method takes them; `start` is its name of the position."""
    match fetch.operation:
        case "feed_list":
            return {start or "offset": fetch.position}
        case "shop_list":
            subject: dict[str, Any] = {"region": str(fetch.subject)}
        case "video_search":
            subject = {"video_ids": ["1"], "keyword": str(fetch.subject)}
        case _:
            subject = {"user_id": str(fetch.subject)}
    return {**subject, start or "page_num": fetch.position, "page_size": fetch.size}
