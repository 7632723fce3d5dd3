"""The bounds that SECURITY.md promises are those of the code."""

from __future__ import annotations

import re

import pytest

from keyapi import _json
from keyapi._config import check_timeout
from keyapi._options import OPTIONS
from keyapi._redis import server as redis
from keyapi._sending import pace, retries, size
from keyapi.recording import fields, har
from keyapi.sandbox import _ledger, _protocol, _schedule, _service, _settings, _validation
from pipeline.document import building, hostile, values, yaml
from pipeline.vendor import fetch, index, response
from support.documents import ROOT

MB, KB = 1_000_000, 2**10
SQLITE = 5.0  # seconds; the default of sqlite3.connect, as Python documents it
TEXT = (ROOT / "SECURITY.md").read_text("utf-8").partition("## Bounds")[2].partition("## Keys")[0]
DOORS = {
    re.sub(r"\[(.*)\]\(.*\)", r"\1", cells[0].strip()): " ".join(cells[1:])
    for line in TEXT.splitlines()
    if len(cells := line.strip("|").split("|")) == 3
}

BOUNDS = {
    "pages, indexes": [
        f"{yaml.MAX_BYTES // MB} MB",
        f"{index._MAX_TARGETS:,} different links",
        f"{building.MAX_NODES:,} nodes",
        f"{values.MAX_DEPTH} levels",
        f"{hostile.MAX_PARAMETERS:,} parameters",
        f"{index.MAX_LINKS:,} pages and {fetch.MAX_TOTAL // MB} MB",
        f"{fetch.AT_ONCE} requests at a time",
        f"{response.REDIRECTS} redirects, {response.RETRIES} retries",
        f"waits of {response.LONGEST_WAIT:g} s",
        f"a response {fetch._DEADLINE:g} s",
    ],
    "answers": [
        f"{OPTIONS['max_response_bytes'].default // 2**20} MB",
        f"{size.MOST_HEADERS} headers of {size.LONGEST_HEADERS // KB} KB",
        f"{_json.DEEPEST} levels",
        f"({check_timeout('timeout', OPTIONS['timeout'].default)['read']:g} s)",
        f"waits of {retries.LONGEST_RETRY_AFTER:g} s",
    ],
    "recordings": [f"{har.LARGEST_FILE // MB} MB", f"{fields._DEEPEST} levels"],
    "the cache's folder": [f"{SQLITE:g} s for a file"],
    "Redis": [
        f"{redis.MOST_FIELDS:,} fields",
        f"{len(str(redis.LARGEST))} digits",
        f"limiter {pace._LONGEST_ASK:g} s",
        f"questions {pace._LONGEST_WAIT:g} s",
        f"{redis.PATIENCE:g} s for each request",
        f"attempts of {redis.ATTEMPT:g} s",
    ],
    "the sandbox's port": [
        f"{_protocol.CONNECTIONS} connections",
        f"headers {_protocol.HEAD // KB} KB",
        f"body {_service.LARGEST_BODY // MB} MB and {_validation._DEEPEST} levels",
        f"{_schedule.MOST} faults",
        f"{_ledger._KEPT:,} requests",
        f"{_protocol.REQUEST_SECONDS:g} s to arrive",
        f"{_protocol.ANSWER_SECONDS:g} s to be taken",
    ],
}


@pytest.mark.parametrize(("door", "bounds"), BOUNDS.items())
def test_each_door_has_the_bounds_that_are_promised(door: str, bounds: list[str]) -> None:
    for bound in bounds:
        assert bound in DOORS[door], bound
    promised = re.findall(r"\d[\d,]*", DOORS[door])
    assert promised == re.findall(r"\d[\d,]*", " ".join(bounds)), "a number that is not compared"


def test_no_door_is_left_out() -> None:
    assert list(DOORS)[2:] == list(BOUNDS)


def test_the_longest_latency_fits_into_the_time_for_an_answer() -> None:
    assert _settings.LONGEST_LATENCY < _protocol.ANSWER_SECONDS
