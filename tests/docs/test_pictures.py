"""The pictures show what the program does today, and hold nothing that is loaded from elsewhere."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from pictures.drawn import DRAWINGS
from pictures.terminal import recordings
from support.documents import README, SITE


def test_the_recordings_of_the_terminal_are_what_the_program_prints() -> None:
    for name, svg in recordings().items():
        committed = (SITE / "_static" / name).read_text("utf-8")
        assert committed == svg, "run python docs/_extensions/pictures/terminal.py"
        ElementTree.fromstring(svg)  # noqa: S314 - made above


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_whole_and_stays_within_its_frame(name: str) -> None:
    root = ElementTree.fromstring(str(DRAWINGS[name](README.read_text("utf-8"))))  # noqa: S314
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for node in root:
        for x, y in re.findall(r"([\d.]+),([\d.]+)", node.get("points", "")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
        assert float(node.get("x", 0)) + float(node.get("width", 0)) <= width
        assert float(node.get("y", 0)) + float(node.get("height", 0)) <= height
    assert len(list(root)) > 10
