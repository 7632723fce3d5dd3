"""Answers kept in a folder, by hishel's storage; imported where a cache is given."""

from __future__ import annotations

import hashlib
import logging
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from hishel import Headers, Request, Response, SqliteStorage

from keyapi._errors import ConfigurationError

if TYPE_CHECKING:
    from hishel import Entry

    from keyapi._config import CacheOptions

_FILE = "keyapi-answers.db"
_DIGEST = "x-keyapi-sha256"  # of the body, so that a damaged one is not taken for an answer
_KEPT = "x-keyapi-kept"  # when, in seconds since 1970: clients may differ in how long that counts
_logger = logging.getLogger("keyapi.cache")


class Cache:
    """Answers by what was asked; threads, tasks and processes may share a folder.

    Once it is made, it never fails: what cannot be read is asked for anew, and an answer that
    cannot be kept was paid for all the same. Both are logged, under `keyapi.cache` or `hishel`.

    Args:
        options: In which folder, which is made if need be, and for how long.

    Raises:
        ConfigurationError: Nothing can be written in the folder.
    """

    def __init__(self, options: CacheOptions) -> None:
        folder = Path(options.path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise ConfigurationError(
                f"Not sent: no answer can be kept in the cache's folder: {error}; give a folder "
                "that can be written to"
            ) from error
        self._folder = folder
        self._ttl = options.ttl
        self._storage = SqliteStorage(database_path=folder / _FILE, default_ttl=options.ttl)

    def get(self, request: httpx.Request) -> httpx.Response | None:
        """Give the newest answer to a request that is kept whole, or None."""
        try:
            entries = self._storage.get_entries(_key(request))
            for entry in sorted(entries, key=_kept, reverse=True):
                body = b"".join(entry.response.stream or ())  # type: ignore[arg-type]  # it is sync
                headers = dict(entry.response.headers)
                whole = headers.pop(_DIGEST, "") == hashlib.sha256(body).hexdigest()
                if whole and time.time() < _kept(entry) + self._ttl:
                    del headers[_KEPT]
                    response = httpx.Response(
                        entry.response.status_code, headers=headers, content=body, request=request
                    )
                    response.elapsed = timedelta(0)
                    return response
        except Exception as error:  # a fault of the cache must cost no more than the answer
            _logger.warning("Asked anew: the cache in %s cannot be read: %s", self._folder, error)
        return None

    def put(self, request: httpx.Request, response: httpx.Response) -> None:
        """Keep an answer. Of the request nothing is kept but a hash of method, URL and body."""
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
        except Exception as error:  # the answer was paid for
            _logger.warning("Not kept: the cache in %s cannot be used: %s", self._folder, error)

    def close(self) -> None:
        """Close the file."""
        self._storage.close()


def _kept(entry: Entry) -> float:
    return float(entry.response.headers.get(_KEPT, "0"))


def _key(request: httpx.Request) -> str:
    asked = f"{request.method} {request.url}\n".encode() + request.content
    return hashlib.sha256(asked).hexdigest()
