"""The main job, offline: from the published page to a table of products.

    python scripts/demo.py

Makes the client from openapi/pages in a temporary folder, shows that it is the committed one, then
lists the documented products through it. The HTTP layer answers with the page's own example.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from pipeline.cli import ROOT, run
from pipeline.project import GENERATED, PAGES, RUNTIME, Workspace


def demo(root: Path) -> int:
    """Regenerate, compare, fetch, and show; see the module's docstring."""
    console = Console(highlight=False)
    started = time.perf_counter()
    workspace = Workspace(root)
    vendored = workspace.vendored()
    for name, entry in vendored.lock["pages"].items():
        console.print(f"page      {PAGES}/{name}", soft_wrap=True)
        console.print(
            f"          {entry['operation']}, sha256 {entry['sha256'][:12]}…", soft_wrap=True
        )
    effective = workspace.effective(vendored).spec
    files = workspace.client(effective)
    same = files == workspace.generated()
    console.print(
        f"client    {len(files)} files made in {time.perf_counter() - started:.1f} s, "
        f"{'the same bytes as' if same else 'DIFFERENT from'} {GENERATED}/"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        sys.path[:0] = [scratch, str(root / RUNTIME)]
        console.print(_products(effective))
    if not same:
        console.print("Run python scripts/regenerate.py.")
    return 0 if same else 1


def _products(effective: dict[str, Any]) -> Table:
    """Fetch the documented products through the client just made, and lay them out."""
    package = importlib.import_module("keyapi_tiktok")
    path, item = next(iter(effective["paths"].items()))
    answer = item["get"]["responses"]["200"]["content"]["application/json"]["example"]

    def server(request: httpx.Request) -> httpx.Response:
        known = request.url.path == path and "Authorization" in request.headers
        return httpx.Response(200, json=answer) if known else httpx.Response(404)

    table = Table(
        title="tiktok.influencer.iter_products_analytics(user_id=…)", title_justify="left"
    )
    table.add_column("product", overflow="ellipsis", no_wrap=True, max_width=28)
    for heading in ("price", "sold", "GMV", "covers"):
        table.add_column(heading, justify="right", no_wrap=True)
    with package.TikTok(token="demo", transport=httpx.MockTransport(server)) as tiktok:
        for product in tiktok.influencer.iter_products_analytics(user_id="6813855719982466054"):
            table.add_row(
                product.product_name,
                f"${product.spu_avg_price:,.2f}",
                f"{product.total_sale_cnt:,}",
                f"${product.total_sale_gmv_amt:,.2f}",
                str(len(product.covers)),
            )
    return table


if __name__ == "__main__":
    sys.exit(run(lambda: demo(ROOT), ROOT))
