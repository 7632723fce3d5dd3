"""Each page of the site, and of a report, in a real browser: `nox -s browser`.

Chromium is steered over its debugging protocol, so no driver is needed. Any name that is not this
machine's is not resolved, and each request is looked at all the same.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import itertools
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)
_SIZES = {1280: 900, 400: 800}  # width and height in pixels
_SECONDS = 60
_WIDE = """[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right >
innerWidth + 1 && !e.closest('pre, .table-wrapper, .sidebar-drawer, .toc-drawer, svg'))
.slice(0, 3).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest) -> str:
    """Where Chromium is."""
    if not request.config.getoption("--browser"):
        pytest.skip("opens each page in a browser: nox -s browser")
    if _CHROMIUM is None:
        pytest.skip("there is no Chromium on the path")
    return _CHROMIUM


@dataclass
class Seen:
    """What happened while a page was open."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Tab:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self.session = ""
        self.seen = Seen()

    async def listen(self) -> None:
        """Hand out what arrives, until the browser ends."""
        async for message in self._socket:
            event = message.json()
            if answer := self._answers.pop(event.get("id", 0), None):
                answer.set_result(event)
                continue
            method, given = event["method"], event.get("params", {})
            if method == "Network.requestWillBeSent":
                self.seen.requests.append(given["request"]["url"])
            elif method == "Page.loadEventFired":
                self._loaded.set()
            elif method == "Runtime.exceptionThrown":
                self.seen.errors.append(str(given["exceptionDetails"])[:500])
            elif method == "Log.entryAdded" and given["entry"]["level"] == "error":
                self.seen.errors.append(str(given["entry"])[:500])
            elif method == "Runtime.consoleAPICalled" and given["type"] == "error":
                self.seen.errors.append(str(given["args"])[:500])

    async def call(self, method: str, **arguments: Any) -> Any:
        """Call a method of the protocol."""
        number = next(self._ids)
        arriving = asyncio.get_running_loop().create_future()
        self._answers[number] = arriving
        message: dict[str, Any] = {"id": number, "method": method, "params": arguments}
        if self.session:
            message["sessionId"] = self.session
        await self._socket.send_json(message)
        answer = await asyncio.wait_for(arriving, _SECONDS)
        assert "error" not in answer, answer
        return answer["result"]

    async def open(self, url: str) -> Seen:
        """Open an address, and wait until it has loaded."""
        self.seen = Seen()
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), _SECONDS)
        return self.seen

    async def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def resize(self, width: int) -> None:
        """Give the page a width."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=_SIZES[width],
            deviceScaleFactor=1,
            mobile=False,
        )

    async def picture(self, path: Path) -> None:
        """Save a picture of the page, at most some screens of it."""
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=False)
        path.write_bytes(base64.b64decode(shot["data"]))


@asynccontextmanager
async def browsing(program: str, folder: Path) -> AsyncIterator[Tab]:
    """A tab of a browser that has only this machine."""
    browser = await asyncio.create_subprocess_exec(
        program,
        *("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"),
        *("--no-first-run", "--disable-extensions", "--disable-background-networking"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={folder}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = folder / "DevToolsActivePort"
        async with asyncio.timeout(_SECONDS):
            while not (port.is_file() and len(lines := port.read_text().splitlines()) == 2):
                await asyncio.sleep(0.05)
        address = f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(address, max_msg_size=0) as socket,
        ):
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            target = await tab.call("Target.createTarget", url="about:blank")
            attached = await tab.call(
                "Target.attachToTarget", targetId=target["targetId"], flatten=True
            )
            tab.session = attached["sessionId"]
            for domain in ("Page", "Network", "Runtime", "Log"):
                await tab.call(f"{domain}.enable")
            yield tab
            listening.cancel()
    finally:
        browser.terminate()
        await browser.wait()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base's name
        """A test says itself what was not found."""


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    """The address of the site on this machine."""
    handler = functools.partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_each_page_opens_whole_at_both_widths_and_search_finds(
    chromium: str,
    site: Path,
    served: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    shots: Path | None = request.config.getoption("--pictures")
    problems: list[str] = []

    async def look() -> None:
        async with browsing(chromium, tmp_path) as tab:
            for page in pages:
                await tab.resize(1280)
                seen = await tab.open(f"{served}/{page}")
                problems.extend(f"{page}: {error}" for error in seen.errors)
                problems.extend(
                    f"{page} asks for {url}"
                    for url in seen.requests
                    if not url.startswith((served, "data:"))
                )
                for width in _SIZES:
                    await tab.resize(width)
                    if await tab.value("document.documentElement.scrollWidth > innerWidth"):
                        problems.append(f"{page} at {width}: {await tab.value(_WIDE)}")
                    if shots:
                        name = page.replace("/", "-").removesuffix(".html")
                        await tab.picture(shots / f"{name}-{width}.png")
            await tab.open(f"{served}/search.html?q=max_credits")
            for _ in range(100):
                found = await tab.value("document.querySelectorAll('ul.search li').length")
                if found:
                    break
                await asyncio.sleep(0.1)
            assert found

    asyncio.run(look())
    assert problems == []
