"""Several workers on one key: a pace shared through Redis, and a cache shared through a folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from client.worker_program import BUCKET, ENOUGH, LIMIT
from support.loopback import PATIENCE, Loopback, until
from support.redis_server import RedisProcess, needs_redis

PROGRAM = Path(__file__).with_name("worker_program.py")
pytestmark = pytest.mark.process


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path) as server:
        yield server


def passed(redis: RedisProcess) -> list[float]:
    """When the limiter let requests pass, in milliseconds, as far back as it keeps that."""
    from redis import Redis

    with Redis(port=redis.port) as connection:
        return [at for _, at in connection.zrange(BUCKET, 0, -1, withscores=True)]


@contextmanager
def workers(*commands: tuple[Any, ...]) -> Iterator[list[subprocess.Popen[str]]]:
    """Worker processes that start their calls at the same moment."""
    with ExitStack() as stack:
        started = []
        for command in commands:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            started.append(stack.enter_context(process))
            stack.callback(process.kill)
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield started


def told(process: subprocess.Popen[str]) -> dict[str, list[Any]]:
    """What a worker tells at its end."""
    output, complaints = process.communicate(timeout=PATIENCE * 3)
    assert process.returncode == 0, complaints
    found: dict[str, list[Any]] = json.loads(output)
    return {**found, "complaints": complaints.splitlines()}


def busiest(moments: list[float], window: float) -> int:
    """The most moments in any window so long."""
    assert moments
    return max(
        sum(1 for at in moments[i:] if at < first + window) for i, first in enumerate(moments)
    )


def asked_for(server: Loopback) -> Counter[str]:
    return Counter(parse_qs(urlsplit(target).query)["user_id"][0] for target in server.targets)


@needs_redis
def test_workers_that_share_a_bucket_keep_one_limit_together(
    loopback: Loopback, redis: RedisProcess
) -> None:
    calls = 2 * LIMIT
    kinds = [(kind, loopback.url, redis.port, calls) for kind in ("paced-sync", "paced-async")]
    with workers(*kinds) as running:
        results = [told(process) for process in running]
    assert [(len(each["pages"]), each["errors"]) for each in results] == [(calls, [])] * 2
    assert asked_for(loopback) == {str(number): 2 for number in range(1, calls + 1)}
    # The limiter counts up to the moment its asker names: of two that ask at the same moment, the
    # one that named the earlier one may not see the other.
    assert busiest(passed(redis), 1000) <= LIMIT + 1
    # What left at that pace may be held up on its way; each worker by itself would send twice as
    # much at once, and need a third of the time.
    assert busiest(loopback.arrivals, 0.5) <= LIMIT * 1.5
    assert loopback.arrivals[-1] - loopback.arrivals[0] >= 2 * calls / LIMIT - 2


@needs_redis
def test_without_redis_nothing_is_sent_and_the_error_says_so(
    loopback: Loopback, redis: RedisProcess
) -> None:
    kinds = [(kind, loopback.url, redis.port, 1000) for kind in ("paced-sync", "paced-async")]
    with workers(*kinds) as running:
        assert until(lambda: asked_for(loopback)["2"] == 2)
        redis.kill()
        results = [told(process) for process in running]
    assert len(loopback.targets) == sum(sum(each["pages"]) for each in results) < 1000
    for each in results:
        assert len(each["errors"]) == ENOUGH
        for kind, message in each["errors"]:
            assert kind == "ConfigurationError"
            assert "the rate limiter failed" in message


def test_workers_share_a_folder_of_answers(loopback: Loopback, tmp_path: Path) -> None:
    creators = 60
    with workers(*[("cached", loopback.url, tmp_path / "answers", creators)] * 2) as running:
        results = [told(process) for process in running]
    for each in results:
        assert each["complaints"] == []
        for number, creator, _ in each["first"] + each["second"]:
            assert creator == str(number)
        assert all(from_cache for _, _, from_cache in each["second"])
    paid = Counter(
        str(number) for each in results for number, _, cached in each["first"] if not cached
    )
    assert paid == asked_for(loopback)
    assert {*paid} == {str(number) for number in range(1, creators + 1)}
    assert sum(paid.values()) <= 2 * creators
