"""The simulation of an export on many machines, and the table that the documents have of it."""

from __future__ import annotations

import re

import pytest

from support.documents import SITE

pytest.importorskip("redis")

from figures.scale_out import Cluster, simulate


@pytest.mark.once
def test_the_rate_of_the_keys_is_the_limit_and_a_worker_for_each_reaches_it() -> None:
    one = simulate(Cluster(100_000, 1))
    assert 0.95 < one.share <= 1
    assert one.seconds >= 100_000 / 20
    assert one.counts["segments"] >= 100_000 / 50
    assert simulate(Cluster(100_000, 2)).share == pytest.approx(1, abs=0.05)
    assert simulate(Cluster(100_000, 1, keys=4)).share == pytest.approx(0.25, abs=0.01)
    assert simulate(Cluster(100_000, 4, keys=4)).share == pytest.approx(1, abs=0.05)
    slow = simulate(Cluster(100_000, 1, concurrency=2, latency=1.0))
    assert slow.share == pytest.approx(2 / 20, abs=0.01), "two at once, a second each"


def test_the_table_is_what_the_simulation_says() -> None:
    text = (SITE / "many-machines.md").read_text("utf-8").partition("## When more machines help")[2]
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) == 8
    for keys, workers, shown in rows:
        outcome = simulate(Cluster(10_000_000, int(workers), int(keys)))
        days = outcome.seconds / 86_400
        traffic = [
            f"{outcome.rate('segments'):.1f}/s, {outcome.rate('segment_bytes') / 1000:.0f} KB/s",
            f"{outcome.rate('looks'):.0f}/s",
            f"{outcome.rate('redis'):.0f}/s, {outcome.rate('redis_bytes') / 1000:.0f} KB/s",
        ]
        time = f"{days:.1f} days" if days > 1 else f"{days * 24:.0f} hours"
        assert shown == " | ".join([time, f"{outcome.share:.0%}".replace("%", " %"), *traffic])
