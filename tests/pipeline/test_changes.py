"""One ordinary change of the published page goes through a whole update; `nox -s changes` has more.

Every step is the real one, in processes of its own, and the contract suite is among them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipeline.cli import ROOT
from pipeline.commands.copying import copy_checkout
from support.changes import updated
from support.docs_site import Docs
from support.page_changes import CHANGES

# What takes most of the contract suite's time: the command line of Schemathesis, requests made up
# at random, of which the other tests send the most telling ones, and what no price has a part in.
_LEFT_OUT = (
    *("schemathesis_itself", "methods_send_what_the_case_says", "whatever", "code_runs"),
    *("whole_lists_are_walked", "obeys_its_options", "over_the_network", "bytes_come_back"),
    *("walk_in_a_circle", "every_fault_of_an_answer", "options_do_what"),
)


def leave_out_other_checks(copy: Path) -> None:
    """Leave the contract suite and what is marked `published` of the client's tests."""
    shutil.rmtree(copy / "tests/docs")
    (copy / "tests/sample_program.py").unlink()
    shutil.rmtree(copy / "tests/pipeline")
    for folder in ("client", "sandbox", "cli"):
        for path in (copy / "tests" / folder).glob("test_*.py"):
            if "mark.published" not in path.read_text("utf-8"):
                path.unlink()


def test_an_update_takes_a_change_of_the_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "project"
    copy_checkout(ROOT, copy)
    leave_out_other_checks(copy)
    left_out = " and ".join(f"not {name}" for name in _LEFT_OUT)
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-k '{left_out}'")
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "0")  # the other cores have other tests
    (price,) = (change for change in CHANGES if change.name == "price")

    with Docs() as site:
        assert list(updated(price, copy, site, tmp_path / "summary.md")) == []

    checks = (tmp_path / "summary.md").read_text("utf-8").partition("## Checks\n")[2]
    assert re.search(r"\| contract suite \| `\d\d passed", checks)
    assert re.search(r"\| published client \| `.*passed", checks)

    client = (copy / "generated/keyapi_tiktok/api/influencer/__init__.py").read_text("utf-8")
    assert "One request, 2 credits." in client
