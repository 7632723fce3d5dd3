"""How long an export takes on many machines: simulated, with the export's own sizes and times.

10,000,000 ids of one page each, at 20 requests a second for each key, and a server that takes 0.3 s
for an answer. For K keys and W workers; it takes a minute, most of it for a real run:

kK_wW_days             how long it takes
kK_wW_share            share of the requests allowed that are sent
kK_wW_segments         segments that are written in a second
kK_wW_segments_kb      and their size, in KB a second
kK_wW_looks            files that are looked for in a second, whether they are there or not
kK_wW_redis            questions to Redis in a second: for pace, credits and leases
kK_wW_redis_kb         and their size, in KB a second
simulated_seconds      what the simulation says of the time of a real run of two workers, over that
simulated_segments     the same of its segments
simulated_redis        the same of its questions to Redis
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from figures.scale_out_run import IDS, LATENCY, LIMIT, STORE, WORKERS, real_run
from figures.scale_out_sizes import pace_question, question, segment_bytes
from figures.simulated_time import passing
from keyapi.export._segments.log import segment_pages
from keyapi.export._settings import CONCURRENCY
from keyapi.export._shards import budget, coordinator, lease
from keyapi.export._shards.coordinator import shard_size
from keyapi.export._shards.shard import FLUSH_PAGES, FLUSH_SECONDS, LOTS

_CLUSTERS = [(keys, workers) for keys in (1, 10) for workers in (1, 2, 8, 64)]
_IDS = 10_000_000
_DAY = 86400.0
_BEFORE, _AFTER = 4, 2
"""Files that a worker reads or writes, one after the other, before and after a shard's pages."""


class Cluster(NamedTuple):
    """What is simulated.

    Attributes:
        ids: How many ids there are, of one page each.
        workers: How many workers; each has one of the keys.
        keys: How many keys.
        limit: Requests in a second with a key.
        concurrency: Requests that a worker has at once.
        latency: Seconds that the server takes for an answer.
        seconds: How long a lease is valid.
        store: Seconds that the store of the segments takes for a file.
    """

    ids: int
    workers: int
    keys: int = 1
    limit: int = 20
    concurrency: int = CONCURRENCY
    latency: float = 0.3
    seconds: float = lease.SECONDS
    store: float = 0.05


@dataclass
class Outcome:
    """What comes of it.

    Attributes:
        seconds: How long it takes.
        share: Share of the requests allowed that are sent.
        counts: How many `segments`, `looks` and `redis` there are, and `segment_bytes` and
            `redis_bytes`.
    """

    seconds: float = 0.0
    share: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    def rate(self, what: str) -> float:
        """How many there are in a second."""
        return self.counts[what] / self.seconds


@dataclass
class _Worker:
    """A worker: at first it begins a shard, then pages come, then it ends the shard.

    Attributes:
        key: Which key it has.
        pause: Seconds that are left of beginning or ending.
        pages: Pages that are left of its shard.
    """

    key: int
    pause: float
    pages: float

    def until(self, speed: float) -> float:
        """How long until something else happens to it, in seconds."""
        return self.pause or self.pages / speed


def simulate(cluster: Cluster) -> Outcome:
    """Simulate a run from one event to the next: the beginning or end of a shard's pages.

    In between, all workers go on evenly, at what `passing` found for so many of them.
    """
    size = shard_size(cluster.ids, cluster.workers, cluster.concurrency)
    waiting = [cluster.ids % size] * bool(cluster.ids % size) + [size] * (cluster.ids // size)
    begin, end = _BEFORE * cluster.store, _AFTER * cluster.store + cluster.latency
    workers = [
        _Worker(number % cluster.keys, begin, waiting.pop())
        for number in range(min(cluster.workers, len(waiting)))
    ]
    outcome = Outcome()
    while workers:
        asking = Counter(worker.key for worker in workers if not worker.pause)
        speeds = {key: _speed(cluster, many) for key, many in asking.items()}
        step = min(worker.until(speeds.get(worker.key, 0.0)) for worker in workers)
        outcome.seconds += step
        ahead = (coordinator._AHEAD - 1) * cluster.workers
        outcome.counts += _watching(cluster, step, len(workers) + min(len(waiting), ahead))
        for worker in list(workers):
            outcome.counts += _keeping(cluster, step)
            if worker.pause:
                worker.pause = max(worker.pause - step, 0.0)
                if not worker.pause and not worker.pages:
                    workers.remove(worker)
                continue
            speed = speeds[worker.key]
            outcome.counts += _asking(cluster, step, speed, asking[worker.key])
            worker.pages -= step * speed
            if worker.pages < 1e-6:
                outcome.counts += _shard(cluster)
                worker.pause = end + (begin if waiting else 0)
                worker.pages = waiting.pop() if waiting else 0
    outcome.share = cluster.ids / (outcome.seconds * cluster.limit * cluster.keys)
    return outcome


def _speed(cluster: Cluster, workers: int) -> float:
    """Pages in a second of one of several workers with the same key."""
    found = passing(cluster.limit, workers, cluster.concurrency, cluster.latency)
    return found.pages / workers


def _watching(cluster: Cluster, seconds: float, shards: int) -> Counter[str]:
    """What the scheduling process asks for: what was spent, and the next segment of each shard."""
    rounds = seconds / (coordinator._TICK + shards * cluster.store)
    return _sum(looks=rounds * shards, redis=rounds, redis_bytes=rounds * question("spent"))


def _keeping(cluster: Cluster, seconds: float) -> Counter[str]:
    """What a worker asks for as long as it has a shard: whether the run ends, and its lease."""
    beats = seconds / (cluster.seconds / budget._BEATS)
    return _sum(looks=seconds / budget._LOOK, redis=beats, redis_bytes=beats * question("renew"))


def _asking(cluster: Cluster, seconds: float, speed: float, workers: int) -> Counter[str]:
    """What the pages of a worker cost: credits, pace, and segments."""
    lots = seconds * speed / (LOTS * cluster.concurrency)
    found = passing(cluster.limit, workers, cluster.concurrency, cluster.latency)
    asks = seconds * found.asks / workers
    # The oldest page of a segment waits until there are enough, or for long enough.
    pages = 1 + min(segment_pages(FLUSH_PAGES) - 1, FLUSH_SECONDS * speed)
    segments = seconds * speed / pages
    return _sum(
        segments=segments,
        segment_bytes=segments * segment_bytes(round(pages)),
        redis=lots + asks,
        redis_bytes=lots * question("reserve") + asks * pace_question(),
    )


def _shard(cluster: Cluster) -> Counter[str]:
    """What each shard costs: a claim is a segment, too, so is what seals it, and so is the rest."""
    calls = ("acquire", "reserve", "release")
    return _sum(
        segments=2 + 0.5,  # as the rest is half of a segment, about
        looks=_BEFORE + _AFTER,
        redis=len(calls),
        redis_bytes=sum(map(question, calls)),
    )


def _sum(**counts: float) -> Counter[str]:
    return Counter(counts)


def measure(runs: int) -> dict[str, float]:
    """Simulate what is named above, and compare with a real run; once, whatever `runs` says."""
    figures: dict[str, float] = {}
    for keys, workers in _CLUSTERS:
        outcome = simulate(Cluster(_IDS, workers, keys))
        figures |= {
            f"k{keys}_w{workers}_{name}": value
            for name, value in {
                "days": outcome.seconds / _DAY,
                "share": outcome.share,
                "segments": outcome.rate("segments"),
                "segments_kb": outcome.rate("segment_bytes") / 1000,
                "looks": outcome.rate("looks"),
                "redis": outcome.rate("redis"),
                "redis_kb": outcome.rate("redis_bytes") / 1000,
            }.items()
        }
    found = real_run()
    if found is not None:
        same = simulate(Cluster(IDS, WORKERS, limit=LIMIT, latency=LATENCY, store=STORE))
        figures |= {
            "simulated_seconds": same.seconds / found.seconds,
            "simulated_segments": same.counts["segments"] / found.segments,
            "simulated_redis": same.counts["redis"] / found.redis,
        }
    return figures
