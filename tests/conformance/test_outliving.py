"""The relation "credits" tells what a client breaks of caches, limiters and forked children."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from keyapi._config import CacheOptions
from keyapi._options import OPTIONS
from keyapi._sending import cache, network, pace
from keyapi._sending.limits import Limits
from keyapi._sending.session import Session
from keyapi.conformance.drivers import Caller
from keyapi.conformance.relations import credits_counted
from keyapi.conformance.relations._credits import forking
from keyapi.conformance.relations._credits import keeping_trouble as keeping
from keyapi.conformance.relations._credits import relation as _credits
from keyapi.conformance.relations._credits import shared_rates as rates
from keyapi.specification import Specification
from keyapi_example import TikTok

Patch = pytest.MonkeyPatch
Fault = Callable[[Patch], None]
OPERATION = Specification.of_package("keyapi_example").operations["influencer_products_analytics"]
CALLER = Caller(TikTok)


def changed(place: object, name: str, value: Any) -> Fault:
    def fault(patch: Patch) -> None:
        patch.setattr(place, name, value)

    return fault


def bodies_not_compared(patch: Patch) -> None:
    same = SimpleNamespace(hexdigest=lambda: "same")
    patch.setattr(cache, "hashlib", SimpleNamespace(sha256=lambda _: same))


def never_of_the_future(patch: Patch) -> None:
    kept = cache._kept
    patch.setattr(cache, "_kept", lambda entry: min(kept(entry), time.time()))


def read_at_any_size(patch: Patch) -> None:
    read = cache._read
    patch.setattr(cache, "_read", lambda entry, limit: read(entry, 10**9))


def any_folder(patch: Patch) -> None:
    patch.setattr(OPTIONS["cache"], "check", lambda _, value: CacheOptions(str(value), 60.0))


def faults_kept_quiet(patch: Patch) -> None:
    for name in (cache._logger.name, "hishel._core._storages._sync_sqlite"):
        patch.setattr(logging.getLogger(name), "_log", lambda *args, **named: None)


def asked_as_often_as_ever(patch: Patch) -> None:
    seconds = pace._seconds
    patch.setattr(pace, "_seconds", lambda wait, asked: seconds(wait, 0))


def spent_anew(patch: Patch) -> None:
    patch.setattr(Limits, "renew", lambda self: setattr(self, "spent", 0))


def kept_by_process(patch: Patch) -> None:
    key = cache._key
    patch.setattr(cache, "_key", lambda request: f"{key(request)}{os.getpid()}")


def nothing_renewed(patch: Patch) -> None:
    patch.setattr(Session, "renew", lambda self: None)
    patch.setattr(forking, "_PATIENCE", 0.2)


FAULTS: tuple[tuple[Fault, Any], ...] = (
    (bodies_not_compared, keeping.damaged),
    (faults_kept_quiet, keeping.damaged),
    (never_of_the_future, keeping.of_the_future),
    (read_at_any_size, keeping.too_large),
    (any_folder, keeping.no_folder),
    (changed(pace, "_LONGEST_WAIT", 2.0), rates.shared_rates),
    (asked_as_often_as_ever, rates.asked_less_often),
    (changed(pace, "_LONGEST_PAUSE", 1.0), rates.asked_less_often),
    (changed(pace, "_LONGEST_ASK", 120.0), rates.without_answer),
    (spent_anew, forking.in_children),
    (kept_by_process, forking.kept_in_children),
    (nothing_renewed, forking.paced_in_children),
    (changed(network.Transport, "renew", lambda self: None), forking.connected_in_children),
)


@pytest.mark.parametrize(("fault", "look"), FAULTS, ids=lambda one: getattr(one, "__name__", ""))
def test_what_outlives_a_call_and_breaks_a_promise_is_found_out(
    fault: Fault, look: Any, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(_credits, "SCENARIOS", {"look": look})
    fault(monkeypatch)

    found = list(credits_counted(OPERATION, CALLER))

    assert {one.case for one in found} <= {"look, sync", "look, async"}
    assert found
