"""All rows of many ids, as Parquet files: resumable after any crash, within a budget of credits.

    from keyapi.export import export
    from keyapi_tiktok import TikTok

    with TikTok(rate="20/s") as tiktok:
        walk = tiktok.influencer.iter_products_analytics
        report = export(walk, "creators.csv:user_id", "products/", max_credits=50_000)

A *run* is one folder, one operation with its arguments, a list of ids, and one day (`as_of`). The
same call again resumes it. What is committed is never asked for again, and what is published is
there as a whole or not at all.
"""

from __future__ import annotations

from keyapi._extras import extra

with extra("export", "keyapi.export"):
    from keyapi.export._api import aexport, export, retry
    from keyapi.export._errors import ExportError, ExportStopped
    from keyapi.export._estimate import Estimate, dry_run
    from keyapi.export._loading.load import Loaded, load
    from keyapi.export._records import IdResult, State
    from keyapi.export._report import Report
    from keyapi.export._shards.api import export_on, on_dask
    from keyapi.export._shards.shard import Shard, ShardReport
    from keyapi.export._status import Status, status
    from keyapi.export._verify import Verification, verify

__all__ = [
    "Estimate",
    "ExportError",
    "ExportStopped",
    "IdResult",
    "Loaded",
    "Report",
    "Shard",
    "ShardReport",
    "State",
    "Status",
    "Verification",
    "aexport",
    "dry_run",
    "export",
    "export_on",
    "load",
    "on_dask",
    "retry",
    "status",
    "verify",
]
