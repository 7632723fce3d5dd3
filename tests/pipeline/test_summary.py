"""What an update shows a reviewer of each page, whatever the page says."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from pipeline.commands.summary import MAX_LINES, MAX_SHOWN, Snapshot, pages_markdown
from pipeline.correct.overlay import Action
from pipeline.document.text import fenced
from pipeline.vendor.merge import Origin, merge
from pipeline.vendor.pages import read_page
from support.pages import page, query, rows

NAME = "en/tiktok/video/detail.md"
PATH = "/v1/tiktok/video/detail"
GET = ("paths", PATH, "get")
URL = "https://docs.example/en/tiktok/video/detail.md"


def snapshot(*, source: str | None = None, **texts: str) -> Snapshot:
    """Pages by the last part of their name."""
    contents = {f"en/tiktok/video/{name}.md": text.encode() for name, text in texts.items()}
    if not contents:
        return Snapshot({}, {}, {"paths": {}})
    origins = {NAME: Origin(source, None)} if source else {}
    pages = [read_page(content, name) for name, content in contents.items()]
    vendored = merge(pages, {}, "generator 1.0", origins)
    return Snapshot(contents, vendored.lock["pages"], vendored.spec)


def shown(old: str, new: str, *actions: Action) -> str:
    return pages_markdown(snapshot(detail=old), snapshot(detail=new), actions)


def outside_code(markdown: str) -> str:
    """What a Markdown reader would not take for code."""
    kept, fence = [], None
    for line in markdown.splitlines():
        match = re.match(r"(~{3,})(\w*)$", line)
        if fence is None and match:
            fence = match[1]
        elif fence is not None and match and match[1] == fence and not match[2]:
            fence = None
        elif fence is None:
            kept.append(line)
    assert fence is None
    return re.sub(r"`[^`\n]*`", "``", "\n".join(kept))


def test_a_page_has_its_address_its_diff_and_what_changed() -> None:
    old = page(PATH, parameters=[query("video_id", "At most 10.")])
    new = page(PATH, parameters=[query("video_id", "At most 20.")], credits=2)

    text = pages_markdown(snapshot(detail=old), snapshot(detail=new, source=URL), ())

    assert text.startswith(f"### `{NAME}`: changed\n")
    assert f"- From `{URL}`\n- Before, it was from a file\n" in text
    assert f"- Operation: `GET {PATH}`\n- Credits: `1` → `2`" in text
    block, rest = text.split("The rest of the page:")
    assert "At most 20." in block
    assert "2 credits" in rest
    assert "At most" not in rest
    header = re.search(r"@@ -(\d+),", block)
    assert header
    lines = old.partition(f"GET {PATH}\n")[2].splitlines()
    place = next(i for i, line in enumerate(lines, 1) if "At most 10." in line)
    assert int(header[1]) == place - 3


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ({}, {"detail": page(PATH)}, "added"),
        ({"detail": page(PATH), "x": page("/v1/tiktok/x")}, {"x": page("/v1/tiktok/x")}, "dropped"),
    ],
)
def test_a_page_that_came_or_went(
    before: dict[str, str], after: dict[str, str], state: str
) -> None:
    text = pages_markdown(snapshot(**before), snapshot(**after), ())

    assert text.startswith(f"### `{NAME}`: {state}\n")
    assert f"- Operation: `GET {PATH}`\n- Credits: `1`" in text
    assert f"{'+' if state == 'added' else '-'}  {PATH}:" in text


def test_the_same_page_from_elsewhere() -> None:
    old, new = snapshot(detail=page(PATH)), snapshot(detail=page(PATH), source=URL)

    assert pages_markdown(old, new, ()).startswith(f"### `{NAME}`: the same page, from elsewhere")
    assert pages_markdown(old, old, ()) == ""


def parameters(*names: str, text: str = "x") -> list[dict[str, Any]]:
    return [query(name, text) for name in names]


@pytest.mark.parametrize(
    ("new", "written", "affected"),
    [
        # the value itself, what holds it, what stands beside it
        ({"operation": {"summary": "Other"}}, (*GET, "summary"), True),
        ({"operation": {"summary": "Other"}}, GET, True),
        ({"operation": {"summary": "Other"}}, (*GET, "description"), True),
        ({"operation": {"summary": "Other"}}, (*GET, "parameters", 0, "description"), False),
        ({"operation": {"summary": "Other"}}, ("paths", "/v1/other", "get", "summary"), False),
        ({"operation": {"summary": "Other"}}, ("info", "title"), False),
        # parameters are matched by name, whatever their order
        ({"parameters": parameters("b", "a")}, (*GET, "parameters", 1, "description"), False),
        ({"parameters": parameters("new", "a", "b")}, (*GET, "parameters", 0, "schema"), True),
        ({"parameters": parameters("new", "a", "b")}, (*GET, "parameters", 1, "schema"), False),
        ({"data_schema": rows(x="string")}, (*GET, "responses", "403"), False),
    ],
)
def test_the_corrections_of_what_changed_are_named(
    new: dict[str, Any], written: tuple[str | int, ...], affected: bool
) -> None:
    action = Action("#/actions/7", "$", "Why `it` is\nwrong.", (written,))
    given = {"parameters": parameters("a", "b"), **new}

    text = shown(page(PATH, parameters=parameters("a", "b")), page(PATH, **given), action)

    assert ("  - `#/actions/7`: `Why 'it' is wrong.`" in text) == affected


HOSTILE = [
    *("~~~~~~\n# heading", "~~~~~~~~~~~~diff", "```\n# heading\n```", "`code` <script>"),
    *("[link](javascript:x)", "@everyone", "| a | b |", "\x1b[31mred", "\u202eevil", "</details>"),
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_a_page_says_leaves_its_code(hostile: str) -> None:
    text = shown(page(PATH), f"{page(PATH)}\n{hostile}\n")

    assert hostile not in outside_code(text)
    assert not {"\x1b", "\u202e"} & {*text}
    assert {line for line in outside_code(text).splitlines() if line.startswith("#")} == {
        "### ``: changed"
    }


def test_a_long_diff_is_cut() -> None:
    new = page(PATH, operation={"description": "\n".join(f"line {n}" for n in range(5_000))})

    text = shown(page(PATH), new)

    assert len(text.splitlines()) < MAX_LINES + 20
    assert re.search(r"^… \d,\d{3} more lines$", text, re.M)


def test_long_lines_are_cut() -> None:
    new = page(PATH).replace("# A page", f"# {'x' * 1_000_000}")

    assert len(shown(page(PATH), new)) < 3_000


def test_long_lines_are_shown_where_they_differ() -> None:
    old = page(PATH).replace("# A page", f"# {'x' * 500} costs 1 {'y' * 500}")

    text = shown(old, old.replace("costs 1", "costs 2"))

    assert re.search(r"^-….* costs 1 .*…$", text, re.M)
    assert re.search(r"^\+….* costs 2 .*…$", text, re.M)


@pytest.mark.parametrize("lines", [["a", "b"], ["same"], ["a", "b", "c", "d"]])
def test_aligning_a_hostile_page_takes_no_time(lines: list[str]) -> None:
    old = page(PATH) + "\n".join(lines * 20_000)
    new = page(PATH) + "x\n" + "\n".join(lines[::-1] * 20_000) + "\ny"
    started = time.process_time()

    text = shown(old, new)

    assert time.process_time() - started < 20
    assert len(text) < MAX_SHOWN


def test_many_pages_leave_room_for_what_follows() -> None:
    texts = {f"p{n}": page(f"/v1/tiktok/video/p{n}") for n in range(60)}

    text = pages_markdown(snapshot(), snapshot(**texts), ())

    assert text.count(": added\n") == 60
    assert "has no room for this diff: see `openapi/pages/en/tiktok/video/p9.md`." in text
    assert len(text) < MAX_SHOWN + 60 * 300


def test_a_fence_is_longer_than_any_in_its_text() -> None:
    first, *_, last = fenced("a\n~~~~~~~~\n# heading", "diff").splitlines()
    assert (first, last) == ("~" * 9 + "diff", "~" * 9)
