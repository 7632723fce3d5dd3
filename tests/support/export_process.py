"""Exports in processes of their own: forked from one that has imported everything.

Reads a line of JSON for each: the arguments of `work`; see `support.forking`.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from keyapi.export import _files, _target, aexport
from keyapi_example import AsyncTikTok
from support.forking import fork_for_each_line

_FOREVER = 60.0  # seconds


def work(
    url: str, ids: list[str], out: str, moment: str, group: int, options: dict[str, Any]
) -> None:
    """Export; stand still where the process is to be killed.

    Args:
        url: The server.
        ids: The list.
        out: The folder.
        moment: "before" or "after" a file gets its name, or anything else for never; a file of that
            name in the folder says that it has come.
        group: Rows of a file, where it is to stand still.
        options: Further arguments of `aexport`.
    """
    replace = os.replace

    def standing_still(source: Any, destination: Any) -> None:
        if moment == "after":
            replace(source, destination)
        Path(out, moment).touch()
        time.sleep(_FOREVER)

    if moment in ("before", "after"):
        _files.GROUP_ROWS = group
        _files.FILE_GROUPS = 1
        _target.os.replace = standing_still  # type: ignore[attr-defined]

    async def main() -> None:
        async with AsyncTikTok("sk_live_c4nary", base_url=url) as tiktok:
            await aexport(tiktok.influencer.iter_products_analytics, ids, out, **options)

    asyncio.run(main())


def main() -> None:
    """Fork a process for each line."""
    pa.array([1])  # imports pandas where it is installed, for a second
    fork_for_each_line(work)


if __name__ == "__main__":
    main()
