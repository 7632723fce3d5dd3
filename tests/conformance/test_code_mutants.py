"""Faults in sources are planted in a copy, judged in a child, and named with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.code_mutants import (
    ClientPlanter,
    CodePlanter,
    RuntimePlanter,
    SandboxPlanter,
)
from keyapi.conformance.mutation.planter import Part

pytestmark = pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
NO_BASELINE: Any = None
INFLUENCER = "keyapi_tiktok/api/influencer/__init__.py"


@pytest.fixture(scope="module")
def planter() -> Iterator[CodePlanter]:
    planter = ClientPlanter()
    planter.patience = 2.0
    yield planter
    planter.close()


def planted(planter: CodePlanter, text: str, file: str = INFLUENCER) -> dict[str, str]:
    return dict(planter._judged(file, text))


@pytest.mark.slow
def test_what_is_not_changed_is_clean(planter: CodePlanter) -> None:
    source = planter.files[INFLUENCER].read_text("utf-8")

    assert planted(planter, source) == {}


def test_a_fault_is_caught_and_named(planter: CodePlanter) -> None:
    function = "InfluencerResource.products_analytics"
    parts = [
        part
        for part in planter.parts(NO_BASELINE, ["swap values"])
        if part.operation == f"{INFLUENCER}:{function}"
    ]

    (outcome,) = planter.outcomes(NO_BASELINE, parts[0])

    assert outcome.place == "client"
    assert set(outcome.caught) == {"client -> spec"}
    path, line, change = outcome.where.split(":", 2)
    assert path == f"generated/{INFLUENCER}"
    assert "user_id" in planter.files[INFLUENCER].read_text("utf-8").splitlines()[int(line) - 1]
    assert change == " user_id, category_id -> category_id, user_id"


def test_code_that_cannot_start_or_does_not_end_is_caught(planter: CodePlanter) -> None:
    file = "keyapi_tiktok/__init__.py"
    source = planter.files[file].read_text("utf-8")

    assert set(planted(planter, source + "\nraise RuntimeError\n", file)) == {"import"}
    assert set(planted(planter, source + "\nwhile True: pass\n", file)) == {"time-out"}
    assert set(planted(planter, source + "\nimport os\nos._exit(3)\n", file)) == {"raised"}
    copied = planter._folder("keyapi_tiktok") / file
    assert copied.read_text("utf-8") == source  # for the next fault


def test_nothing_is_sent_from_a_child(planter: CodePlanter, tmp_path: Path) -> None:
    source = planter.files[INFLUENCER].read_text("utf-8")
    sent = tmp_path / "sent"
    tried = f"""
import socket, pathlib
try:
    socket.create_connection(("192.0.2.1", 80), 1)
except OSError as error:
    pathlib.Path({str(sent)!r}).write_text(str(error))
raise RuntimeError  # the suite need not look at it
"""

    assert set(planted(planter, source + tried)) == {"raised"}
    assert sent.read_text() == "nothing is sent from here"


@pytest.mark.parametrize(
    "kind",
    [
        SandboxPlanter,
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in (ClientPlanter, RuntimePlanter)),
    ],
)
def test_parts_are_named_and_each_is_one_mutant(kind: type[CodePlanter]) -> None:
    parts = list(kind().parts(NO_BASELINE, ["negate condition"]))

    assert len(set(parts)) == len(parts)
    assert parts
    assert all(isinstance(part, Part) and part.operation.count(":") == 1 for part in parts)
