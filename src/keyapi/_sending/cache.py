"""Responses kept in a folder, by hishel's storage; imported where a cache is given."""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import timedelta
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from hishel import Headers, Request, Response, SqliteStorage

if TYPE_CHECKING:
    from hishel import Entry

    from keyapi._config import CacheOptions

_FILE = "keyapi-answers.db"
_DIGEST = "x-keyapi-sha256"  # of the body, so that a damaged one is not used
_KEPT = "x-keyapi-kept"  # since when, in seconds since 1970: clients may use different lifetimes
_logger = logging.getLogger("keyapi.cache")


class Cache:
    """Responses by request; threads, tasks and processes may share a folder.

    Once made, it never raises: what cannot be read is requested again, and a response that cannot
    be kept has been paid for, so it is returned all the same. Both are logged, under
    `keyapi.cache` or `hishel`.

    Args:
        options: The folder and the lifetime.
    """

    def __init__(self, options: CacheOptions) -> None:
        self._folder = Path(options.path)
        self._ttl = options.ttl
        self._storage = SqliteStorage(database_path=self._folder / _FILE, default_ttl=options.ttl)

    def get(self, request: httpx.Request, limit: int) -> httpx.Response | None:
        """Give the newest undamaged response to a request, or None.

        Args:
            request: The request.
            limit: How many bytes of a body are read; one that has more is as good as none.
        """
        try:
            entries = self._storage.get_entries(_key(request))
            for entry in sorted(entries, key=_kept, reverse=True):
                body = _read(entry, limit)
                headers = dict(entry.response.headers)
                undamaged = headers.pop(_DIGEST, "") == hashlib.sha256(body).hexdigest()
                age = time.time() - _kept(entry)
                if age < 0:  # kept while a clock was wrong: nobody knows how old it is
                    self._storage.remove_entry(entry.id)
                elif undamaged and age < self._ttl:
                    del headers[_KEPT]
                    response = httpx.Response(
                        entry.response.status_code, headers=headers, content=body, request=request
                    )
                    response.elapsed = timedelta(0)
                    return response
        except Exception as error:  # a broken cache must cost no more than one more request
            _logger.warning(
                "Requested again: the cache in %s cannot be read: %s", self._folder, error
            )
        return None

    def put(self, request: httpx.Request, response: httpx.Response) -> None:
        """Keep a response, under a hash of the method, URL and body of its request."""
        body = response.content
        headers = Headers(
            {
                "content-type": response.headers.get("content-type", "application/json"),
                _DIGEST: hashlib.sha256(body).hexdigest(),
                _KEPT: repr(time.time()),
            }
        )
        try:
            entry = self._storage.create_entry(
                Request(method="GET", url="", headers=Headers({})),
                Response(status_code=response.status_code, headers=headers, stream=iter([body])),
                _key(request),
            )
            for _ in entry.response.stream or ():  # type: ignore[union-attr]  # it is sync
                pass  # the storage keeps what passes
        except Exception as error:  # the response was paid for
            _logger.warning("Not kept: the cache in %s cannot be written: %s", self._folder, error)

    def forget(self, request: httpx.Request) -> None:
        """Drop the responses to a request, which turned out to be of no use."""
        try:
            for entry in self._storage.get_entries(_key(request)):
                self._storage.remove_entry(entry.id)
        except Exception as error:  # as above
            _logger.warning("Not dropped: the cache in %s: %s", self._folder, error)

    def close(self) -> None:
        """Close the file."""
        self._storage.close()


def _read(entry: Entry, limit: int) -> bytes:
    body = bytearray()
    for part in entry.response.stream or ():  # type: ignore[union-attr]  # it is sync
        body += part
        if len(body) > limit:
            raise ValueError(f"a response has more than max_response_bytes={limit}")
    return bytes(body)


def _kept(entry: Entry) -> float:
    return float(entry.response.headers.get(_KEPT, "0"))


def _key(request: httpx.Request) -> str:
    # A walk, a page and a low-level function name the same parameters in orders of their own.
    parameters = sorted(request.url.params.multi_items(), key=itemgetter(0))
    url = request.url.copy_with(params=parameters) if parameters else request.url
    identity = f"{request.method} {url}\n".encode() + request.content
    return hashlib.sha256(identity).hexdigest()
