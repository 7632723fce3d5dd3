"""Exports ids of one page each from a transport that answers at once, and prints its peak memory.

python -m figures.export_process IDS ASKED
"""

from __future__ import annotations

import asyncio
import re
import resource
import sys
import tempfile
from contextlib import suppress
from importlib.abc import MetaPathFinder
from pathlib import Path

import httpx

from figures.calls import KEY, page
from keyapi.export import ExportStopped, aexport
from keyapi_tiktok import AsyncTikTok

_STATUS = Path("/proc/self/status")


def _peak() -> float:
    """The peak of this process's memory, in MB.

    Linux counts in `ru_maxrss` what the process had that started this one, too.
    """
    if _STATUS.exists():
        return int(re.findall(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


class _AtOnce(httpx.AsyncBaseTransport):
    """Answers each request with one page of ten rows, after which an empty one follows."""

    def __init__(self) -> None:
        self._page = page()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        user = request.url.params["user_id"].encode()
        content = self._page.replace(b"6813855719982466054", user)
        return httpx.Response(
            200, headers={"Content-Type": "application/json"}, content=content, request=request
        )


class _WithoutPandas(MetaPathFinder):
    """Hides pandas, which pyarrow imports where it is installed, for 60 MB, and nobody needs."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


async def _main(ids: int, asked: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        listed = (f"{6_800_000_000_000_000_000 + n}" for n in range(ids))
        async with AsyncTikTok(KEY, transport=_AtOnce()) as tiktok:
            walk = tiktok.influencer.iter_products_analytics
            out = Path(folder) / "out"
            with suppress(ExportStopped):  # the budget is what ends it
                await aexport(walk, listed, out, max_pages=1, max_credits=asked)


if __name__ == "__main__":
    sys.meta_path.insert(0, _WithoutPandas())
    asyncio.run(_main(*map(int, sys.argv[1:])))
    print(_peak())
