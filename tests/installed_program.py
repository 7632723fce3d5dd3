"""Run the sample program against an installed wheel and a server on loopback.

Takes nothing from the checkout but itself and the sample program beside it, and runs elsewhere.
"""

from __future__ import annotations

import importlib.resources
import json
import os
import runpy
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import entry_points
from pathlib import Path

import keyapi
import keyapi_tiktok

SPEC = json.loads((importlib.resources.files(keyapi_tiktok) / "openapi.json").read_text("utf-8"))
PROGRAM = Path(__file__).resolve().with_name("sample_program.py")
OPERATION = SPEC["paths"]["/v1/tiktok/influencer/products/analytics"]["get"]
EXAMPLE = OPERATION["responses"]["200"]["content"]["application/json"]["example"]


class Handler(BaseHTTPRequestHandler):
    """Answers every request with the documented example."""

    def do_GET(self) -> None:
        body = json.dumps(EXAMPLE).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


def main() -> None:
    os.chdir(sys.prefix)
    for package in (keyapi, keyapi_tiktok):
        place = Path(package.__file__ or "").parent
        assert "site-packages" in place.parts, (
            f"{package.__name__} is not the installed one: {place}"
        )
        assert (place / "py.typed").exists(), place
    (client,) = entry_points(group="keyapi.clients")
    assert client.load() is keyapi_tiktok.TikTok
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ["KEYAPI_BASE_URL"] = f"http://127.0.0.1:{server.server_port}"
        os.environ["KEYAPI_TOKEN"] = "sk_test"
        runpy.run_path(str(PROGRAM), run_name="__main__")
        server.shutdown()


if __name__ == "__main__":
    main()
