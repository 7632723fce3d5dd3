"""One ordinary change of the published page goes through a whole update; `nox -s changes` has more.

The steps are the real ones, with the contract suite among them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.cli import ROOT
from support.changes import CHANGES, NOT_COPIED, updated
from support.docs_site import Docs


@pytest.mark.timeout(900)  # an update runs every check that reads the pages
def test_an_update_takes_a_change_of_the_price(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=NOT_COPIED)
    (price,) = (change for change in CHANGES if change.name == "price")

    with Docs() as site:
        assert list(updated(price, copy, site)) == []

    client = (copy / "generated/keyapi_tiktok/api/influencer/__init__.py").read_text("utf-8")
    assert "One request, 2 credits." in client
