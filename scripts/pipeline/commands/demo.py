"""Show the main job, offline: from the published page to a table of products."""

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

from keyapi.specification import Specification
from pipeline.project import GENERATED, PAGES, RUNTIME, Project


def demo(root: Path) -> int:
    """Generate the client, compare it with the committed one, and list products through it.

    Args:
        root: The project's top folder.

    Returns:
        Exit code: 0 when the generated client is the committed one, else 1.

    Raises:
        PipelineError: The client cannot be generated.
    """
    console = Console(highlight=False)
    started = time.perf_counter()
    project = Project(root)
    vendored = project.vendored()
    for name, entry in vendored.lock["pages"].items():
        console.print(f"page      {PAGES}/{name}", soft_wrap=True)
        console.print(
            f"          {entry['operation']}, sha256 {entry['sha256'][:12]}…", soft_wrap=True
        )
    effective = project.effective(vendored).spec
    files = project.client(effective)
    there = project.generated()
    different = [name for name in sorted({*files, *there}) if files.get(name) != there.get(name)]
    console.print(
        f"client    {len(files)} files generated in {time.perf_counter() - started:.1f} s, "
        f"{'DIFFERENT from' if different else 'identical to'} {GENERATED}/"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        sys.path[:0] = [scratch, str(root / RUNTIME)]
        console.print(_products(effective))
    if different:
        names = ", ".join(different[:5]) + (", ..." if different[5:] else "")
        console.print(f"{names}: run python scripts/regenerate.py.", soft_wrap=True)
    return 1 if different else 0


def _products(effective: dict[str, Any]) -> Table:
    """Fetch the documented products through the client just made, and lay them out."""
    package = importlib.import_module("keyapi_tiktok")
    operation = Specification(effective).operations["influencer_products_analytics"]
    path, example = operation.path, operation.example(operation.success)

    def server(request: httpx.Request) -> httpx.Response:
        expected = request.url.path == path and "Authorization" in request.headers
        return httpx.Response(200, json=example) if expected else httpx.Response(404)

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
