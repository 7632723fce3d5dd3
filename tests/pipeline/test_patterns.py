"""No regular expression takes more than linear time, whatever text comes from outside.

Two neighbouring repeats that match the same blanks are a denial of service by one page.
"""

from __future__ import annotations

import re
import signal
from collections import Counter

import pytest

from support.patterns import Found, found, slow

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="a search could not be stopped here"
)


@pytest.mark.slow
def test_every_pattern_takes_linear_time() -> None:
    patterns = list(found("pipeline", "conformance", "keyapi"))

    assert [why for each in patterns if (why := slow(each))] == []
    packages = Counter(each.place.partition(".")[0] for each in patterns)
    assert min(packages[name] for name in ("pipeline", "conformance", "keyapi")) > 20
    # Those of a name, a collection, and a function.
    names = {each.place.rpartition(":")[2] for each in patterns}
    assert {"_FENCE", "_NEXT_CURSOR", "_OTHERWISE"} <= names
    assert any(name.isdigit() for name in names)


@pytest.mark.parametrize(
    "pattern",
    [
        *[r"\s*x?\s*y", r"(a+)+b", r"<.*>", r"\](\S+)\)", r"(\d+),?(\d+);", r"[^,]*,", r"\s+$"],
        *[r"\bfoo[^;]*;", r"(?:x|\w)*-$", r"\w+\.\w+", r"(\w*?)_id"],
    ],
)
def test_what_is_slow_is_found(pattern: str) -> None:
    assert slow(Found("here", re.compile(pattern), frozenset()))


@pytest.mark.parametrize(
    "pattern",
    [
        *[r"\s?x", r"(?<!a)a++b", r"<[^<>]*>", r"(?<!\w)\w+\b", r"^\s*+x", r"a{0,20}b", r"(?s:.*)"],
        *[r"(?<![^,])[^,]*+,", r"\d+", r"(?<![\w-])[\w-]++(?:,[\w-]+)+", r"(?:ab|cd)+", ""],
    ],
)
def test_what_is_linear_is_left_alone(pattern: str) -> None:
    assert slow(Found("here", re.compile(pattern), frozenset())) is None


def test_what_is_matched_once_need_not_be_looked_for_quickly() -> None:
    pattern = re.compile(r"\d+x")
    assert slow(Found("here", pattern, frozenset({"match", "fullmatch"}))) is None
    assert slow(Found("here", pattern, frozenset({"fullmatch", "search"})))
