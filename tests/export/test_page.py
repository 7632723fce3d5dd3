"""The page about exports: its example runs, and draws the chart that is shown there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.documents import SITE, blocks

PAGE = SITE / "export.md"


@pytest.mark.published
def test_the_example_goes_from_a_list_to_a_chart(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(out.parent)
    listed = next(block for block in blocks("text") if block.document == PAGE)
    Path("creators.csv").write_text(listed.code, "utf-8")
    names: dict[str, Any] = {}
    for block in blocks("py"):
        if block.document == PAGE:
            exec(compile(block.code, str(block), "exec"), names)  # noqa: S102
    assert capsys.readouterr().out.split() == ["134", "influencer_products_analytics", "134"]
    drawn = Path("best-products.svg").read_text("utf-8")
    assert drawn == (SITE / "_static" / "best-products.svg").read_text("utf-8")
