"""What memory an export of a million ids needs, beside one of ten thousand; it takes an hour.

million_memory         peak memory of exporting 1,000,000 ids of one page, in MB
million_vs_10000       the same over that of 10,000 ids
"""

from __future__ import annotations

from figures.export import memory


def measure(runs: int) -> dict[str, float]:
    """Measure the figures named above, once."""
    large = memory(1_000_000, 1_000_000)
    return {"million_memory": large, "million_vs_10000": large / memory(10_000, 10_000)}
