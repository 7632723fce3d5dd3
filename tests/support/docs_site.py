"""A real server on the loopback interface that publishes documentation pages, and misbehaves.

with Docs({"/en/tiktok/video/detail.md": page("/v1/tiktok/video/detail")}) as docs:
    docs.publish_index()
    docs.answers["/llms.txt"] = [Answer(500), docs.published("/llms.txt")]
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from support.serving import InThread

MARKDOWN = "text/markdown; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What is sent for one request.

    Attributes:
        status: HTTP status.
        body: The bytes sent.
        headers: Headers beside `Content-Length`; one of that name takes its place.
        cut: How many bytes of the body are sent before the connection is dropped.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": MARKDOWN})
    cut: int | None = None


class Docs(InThread, HTTPServer):
    """Publishes pages with an `ETag` each, but for what `answers` says of a path.

    Attributes:
        pages: Text by URL path.
        answers: What is sent instead, by URL path: one after the other, the last again and again.
        requests: Path and headers (names in lower case) of all that arrived.
        meet: Where requests for pages wait for one another before they are answered.
        busiest: The most requests that were under way at a time.
    """

    def __init__(self, pages: dict[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.pages = dict(pages or {})
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.meet: threading.Barrier | None = None
        self.busiest = self._busy = 0
        self._lock = threading.Lock()

    @property
    def index(self) -> str:
        return f"{self.url}/llms.txt"

    def publish_index(self, *paths: str) -> None:
        """Publish an `llms.txt` that lists these paths; none given: every page."""
        listed = paths or tuple(path for path in self.pages if path.endswith(".md"))
        lines = [f"- [Page {path}]({self.url}{path}): what it does" for path in listed]
        self.pages["/llms.txt"] = "\n".join(["# Docs", "", "## API", "", *lines, ""])

    def published(self, path: str) -> Answer:
        """The answer with the page published at a path."""
        body = self.pages[path].encode()
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        return Answer(200, body, {"Content-Type": MARKDOWN, "ETag": etag})

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of each request for a path."""
        return [headers for asked, headers in self.requests if asked == path]

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        """What to send for a request."""
        with self._lock:
            self.requests.append((path, headers))
            queue = self.answers.get(path)
            if queue:
                return queue.pop(0) if len(queue) > 1 else queue[0]
        if path not in self.pages:
            return Answer(404, b"# Not found")
        found = self.published(path)
        unchanged = headers.get("if-none-match") == found.headers["ETag"]
        return Answer(304, b"", found.headers) if unchanged else found

    def begun(self, path: str) -> None:
        """Note that a request is under way."""
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        if self.meet is not None and path.endswith(".md"):
            self.meet.wait(30)

    def ended(self) -> None:
        """Note that it is no more."""
        with self._lock:
            self._busy -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Docs

    def do_GET(self) -> None:
        self.server.begun(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(self.path, headers)
        self.server.ended()
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut])
        if answer.cut is not None:
            self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base's name
        """Tests say themselves what went wrong."""
