"""Answers kept in a folder, by hishel's storage; imported where a cache is given."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import httpx
from hishel import Headers, Request, Response, SqliteStorage

from keyapi._config import CacheOptions

_FILE = "keyapi-answers.db"
_DIGEST = "x-keyapi-sha256"  # of the body, so that a damaged one is not taken for an answer


class Cache:
    """Answers by what was asked; threads, tasks and processes may share a folder.

    Args:
        options: In which folder, which is made when the first answer is kept, and for how long.
    """

    def __init__(self, options: CacheOptions) -> None:
        file = Path(options.path, _FILE)
        self._storage = SqliteStorage(database_path=file, default_ttl=options.ttl)

    def get(self, request: httpx.Request) -> httpx.Response | None:
        """Give the newest answer to a request that is kept whole, or None."""
        for entry in reversed(self._storage.get_entries(_key(request))):
            body = b"".join(entry.response.stream or ())  # type: ignore[arg-type]  # it is sync
            headers = dict(entry.response.headers)
            if headers.pop(_DIGEST, "") == hashlib.sha256(body).hexdigest():
                status = entry.response.status_code
                response = httpx.Response(status, headers=headers, content=body, request=request)
                response.elapsed = timedelta(0)
                return response
        return None

    def put(self, request: httpx.Request, response: httpx.Response) -> None:
        """Keep an answer. Of the request nothing is kept but a hash of method, URL and body."""
        body = response.content
        headers = Headers(
            {
                "content-type": response.headers.get("content-type", "application/json"),
                _DIGEST: hashlib.sha256(body).hexdigest(),
            }
        )
        entry = self._storage.create_entry(
            Request(method="GET", url="", headers=Headers({})),
            Response(status_code=response.status_code, headers=headers, stream=iter([body])),
            _key(request),
        )
        for _ in entry.response.stream or ():  # type: ignore[union-attr]  # it is sync
            pass  # the storage keeps what passes

    def close(self) -> None:
        """Close the file."""
        self._storage.close()


def _key(request: httpx.Request) -> str:
    asked = f"{request.method} {request.url}\n".encode() + request.content
    return hashlib.sha256(asked).hexdigest()
