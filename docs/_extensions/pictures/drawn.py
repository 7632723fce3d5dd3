"""What is drawn: the pipeline, the way of a call, the contract's relations, and figures."""

from __future__ import annotations

import re
from collections.abc import Callable

from pictures.svg import WIDTH, Drawing

_MIDDLE = WIDTH / 2
_RATIO = r" ([\d.]+) \|"
_ROW = re.compile(rf"^\| (`(?:Async)?TikTok`.*?) \|{_RATIO}{_RATIO}{_RATIO}$", re.M)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def pipeline(_readme: str) -> Drawing:
    """How the documentation pages become the client."""
    drawing = Drawing("Four steps from a documentation page to the client", 508)
    steps = (
        (("documentation pages", "as KeyAPI publishes them"), "vendor", "merged, nothing added"),
        (("vendored specification", "openapi/tiktok.openapi.yaml"), "correct", "the overlay"),
        (("corrected specification", "each correction with its evidence"), "shape", "rules"),
        (("effective specification", "the one source for all below"), "generate", "templates"),
    )
    y = 4.0
    for lines, step, by in steps:
        y += drawing.box(60, y, 240, *lines)
        drawing.arrow((_MIDDLE, y), (_MIDDLE, y + 42))
        drawing.text(_MIDDLE + 10, y + 18, step, kind="strong", anchor="start")
        drawing.text(_MIDDLE + 10, y + 34, by, kind="soft", anchor="start")
        y += 42
    y += drawing.box(60, y, 240, "keyapi_tiktok", "typed, checked by mypy --strict", kind="main")
    drawing.text(_MIDDLE, y + 24, "runtime checks, sandbox, command line and", kind="soft")
    drawing.text(_MIDDLE, y + 41, "contract suite read the same specification", kind="soft")
    return drawing


def call(_readme: str) -> Drawing:
    """One call, with its retries and budget."""
    drawing = Drawing("One call: checks, budget, pace, answer, and retries", 590)
    left, width = 84.0, 192.0
    steps = (
        ("tiktok.influencer…()", "arguments are checked"),
        ("cache", "a kept answer costs nothing"),
        ("budget", "max_credits, quota"),
        ("pace", "rate, over threads and hosts"),
        ("send", "timeout and deadline"),
        ("read", "status, code, JSON"),
    )
    y, tops = 4.0, []
    for number, lines in enumerate(steps):
        tops.append(y)
        y += drawing.box(left, y, width, *lines, kind="main" if number == 0 else "")
        if number < len(steps) - 1:
            drawing.arrow((_MIDDLE, y), (_MIDDLE, y + 26))
            y += 26
    drawing.arrow((_MIDDLE, y), (_MIDDLE, y + 34))
    drawing.text(_MIDDLE + 10, y + 22, "success", anchor="start", kind="soft")
    drawing.box(left, y + 34, width, "Page", "typed rows; page.credits", kind="main")
    below = tops[5] + 24
    drawing.arrow((left, below), (30, below), (30, tops[2] + 24), (left, tops[2] + 24), kind="bad")
    drawing.text(36, tops[3] - 22, "429,", anchor="start", kind="bad")
    drawing.text(36, tops[3] - 6, "5xx …", anchor="start", kind="bad")
    drawing.text(36, tops[4] + 10, "wait,", anchor="start", kind="bad")
    drawing.text(36, tops[4] + 26, "again", anchor="start", kind="bad")
    right = left + width
    for top, *words in (
        (tops[0], "Bad", "Request"),
        (tops[2], "Budget", "Exceeded"),
        (tops[5], "one error", "per kind"),
    ):
        drawing.arrow((right, top + 24), (right + 20, top + 24), kind="bad")
        for number, line in enumerate(words):
            drawing.text(right + 24, top + 20 + 16 * number, line, anchor="start", kind="bad")
    charged = "Each attempt that may have arrived counts as charged."
    drawing.text(_MIDDLE, y + 112, charged, kind="soft")
    return drawing


def relations(_readme: str) -> Drawing:
    """What the contract suite compares with what."""
    drawing = Drawing("The contract compares page, specification, client, server, recordings", 372)
    drawing.box(110, 4, 140, "page", "what KeyAPI says")
    drawing.box(110, 128, 140, "specification", "effective", kind="main")
    drawing.box(4, 262, 104, "client", "generated")
    drawing.box(128, 262, 104, "recordings", "replayed")
    drawing.box(252, 262, 104, "server", "sandbox, live")
    drawing.arrow((_MIDDLE, 52), (_MIDDLE, 128))
    drawing.arrow((_MIDDLE, 128), (_MIDDLE, 52))
    drawing.text(190, 84, "hashes, words,", anchor="start", kind="soft")
    drawing.text(190, 100, "examples", anchor="start", kind="soft")
    for x, lines in (
        (56.0, ("what is sent,", "what is read")),
        (180.0, ("", "each answer")),
        (304.0, ("answers keep", "what is promised")),
    ):
        end = {56.0: 140.0, 180.0: 180.0, 304.0: 220.0}[x]
        turns = [(end, 192.0), (x, 192.0)] if x != end else []
        drawing.arrow((end, 175), *turns, (x, 262))
        for number, line in enumerate(lines):
            anchor = "start" if x < _MIDDLE else "middle" if x == _MIDDLE else "end"
            place = {"start": 62.0, "middle": 180.0, "end": 298.0}[anchor]
            if line and anchor != "middle":
                drawing.text(place, 216 + 16 * number, line, anchor=anchor, kind="soft")
    drawing.text(_MIDDLE, 334, "meaning: pages, order, filters and ids,", kind="soft")
    drawing.text(_MIDDLE, 351, "over whole walks, whatever fails on the way", kind="soft")
    return drawing


def figures(readme: str) -> Drawing:
    """What a call costs, as README's table has it, which `scripts/bench.py` measures."""
    rows = _ROW.findall(readme)
    title = "CPU time of a page, over that of the same request by hand"
    drawing = Drawing(title, 64 + 82 * len(rows))
    left, scale = 40.0, 190.0
    y = 24.0
    for name, *ratios in rows:
        drawing.text(4, y, _LINK.sub(r"\1", name).replace("`", ""), anchor="start", kind="strong")
        y -= 10
        for flight, ratio in zip((1, 8, 32), ratios, strict=True):
            y += 18
            value = float(ratio)
            drawing.text(left - 8, y + 11, str(flight), anchor="end", kind="soft")
            drawing.bar(left, y, value * scale, kind="good" if value <= 1 else "")
            drawing.text(left + value * scale + 6, y + 11, ratio, anchor="start")
        y += 38
    drawing.line(left + scale, 10, y - 8)
    drawing.text(left + scale, y + 8, "1.0: as much as by hand", kind="soft")
    drawing.text(4, y + 8, "in flight", anchor="start", kind="soft")
    return drawing


DRAWINGS: dict[str, Callable[[str], Drawing]] = {
    "call": call,
    "figures": figures,
    "pipeline": pipeline,
    "relations": relations,
}
"""Each drawing by name, made from README's text."""
