"""Levels, advice and the Python view of a change agree; allowing more breaks nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.difference import MISSING, Difference, Level, Step
from pipeline.difference.python_view import PythonView, python_view
from pipeline.difference.report import Report, as_markdown
from pipeline.difference.rules import RULES
from pipeline.document.text import excerpts


def report(*ids: str, view: PythonView | None = None, **values: str) -> Report:
    found = [
        Difference(
            *(name, RULES[name].level, (), "#/x"),
            *(values.get("before", MISSING), values.get("after", MISSING)),
            *("It changed.", RULES[name].step),
        )
        for name in ids
    ]
    return Report("old", "new", found, view, "1.2.3")


@pytest.mark.parametrize("name", RULES)
def test_the_advice_agrees_with_the_level(name: str) -> None:
    advice, rule = report(name).advice, RULES[name]

    breaks = advice.startswith("It breaks callers")
    assert breaks == (rule.step is Step.MAJOR)
    assert breaks or (f"marked {rule.level.name}" in advice) == (rule.level > Level.INFO)
    assert advice.startswith("Callers notice little") <= (rule.level is Level.INFO)


@pytest.mark.parametrize(
    ("ids", "advice"),
    [
        (["x-credits-increased"], "No call breaks, but callers should check what is marked WARN"),
        (
            ["x-credits-increased", "new-optional-request-parameter"],
            "It adds to what callers have, and they should check what is marked WARN",
        ),
        (["x-credits-decreased"], "Callers notice little"),
        (["request-parameter-max-increased"], "Callers notice little"),
        (["new-optional-request-parameter"], "It adds to what callers have: a minor step"),
        (["response-optional-property-added"], "It adds to what callers have: a minor step"),
        (["request-parameter-enum-value-added"], "It adds to what callers have: a minor step"),
        (["request-parameter-max-decreased"], "It breaks callers"),
        (["request-parameter-removed", "x-credits-increased"], "It breaks callers"),
    ],
)
def test_the_advice_of_common_changes(ids: list[str], advice: str) -> None:
    assert report(*ids).advice.startswith(advice)


CLIENT = """
class Videos:
    def list(self, *, size: int = 10, region: str | None = None) -> list[str]: ...

class Video:
    plays: int | None
    title: str | None
"""


@pytest.mark.parametrize(
    ("edit", "view"),
    [
        (
            ("size: int = 10", "size: int = 20"),
            ((), (), ("Videos.list(size): parameter default was changed (10 → 20)",)),
        ),
        (("*, size", "*, more: int = 1, size"), ((), ("Videos.list(more)",), ())),
        (("    title", "    new: int\n    title"), ((), ("Video.new",), ())),
        # what is in a new class is not listed
        (
            ("class Video:", "class User:\n    __slots__ = ()\n    name: str\n\nclass Video:"),
            ((), ("User",), ()),
        ),
        (
            ("plays: int | None", "plays: str | None"),
            ((), (), ("Video.plays: type was changed (int | None → str | None)",)),
        ),
        (
            ("region: str | None", "region: int | None"),
            ((), (), ("Videos.list(region): type was changed (str | None → int | None)",)),
        ),
        (
            ("-> list[str]", "-> list[int]"),
            ((), (), ("Videos.list: type was changed (list[str] → list[int])",)),
        ),
        (
            (", region: str | None = None", ""),
            (("Videos.list(region): parameter was removed",), (), ()),
        ),
        (("    title: str | None\n", ""), (("Video.title: public object was removed",), (), ())),
    ],
)
def test_names_that_came_went_or_have_another_type(
    tmp_path: Path, edit: tuple[str, str], view: tuple[tuple[str, ...], ...]
) -> None:
    assert edit[0] in CLIENT
    for folder, text in (("old", CLIENT), ("new", CLIENT.replace(*edit))):
        package = tmp_path / folder / "some_client"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(text)

    found = python_view(tmp_path / "old", tmp_path / "new", "some_client")

    assert found == PythonView(*view)
    assert report(view=found).asked is (
        Step.MAJOR if view[0] else Step.MINOR if view[1] else Step.PATCH
    )


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("At most 10.", "At most 20.", ("At most 10.", "At most 20.")),
        (
            f"{'a ' * 40}ten{' b' * 40}",
            f"{'a ' * 40}twenty{' b' * 40}",
            (
                "… a a a a a a a a a ten b b b b b b b b b b…",
                "… a a a a a a a a a twenty b b b b b b b b b b…",
            ),
        ),
        ("x" * 100, "x" * 100 + "y", ("…" + "x" * 20, "…" + "x" * 20 + "y")),
        ("", "y" * 100, ("", "y" * 59 + "…")),
        ("z" + "x" * 100, "x" * 100, ("z" + "x" * 20 + "…", "x" * 20 + "…")),
    ],
)
def test_long_texts_are_shown_where_they_differ(old: str, new: str, shown: tuple[str, str]) -> None:
    found = excerpts(old, new, 60)

    assert found == shown
    assert max(map(len, found)) <= 60
    markdown = as_markdown(report("x-description-changed", before=old, after=new))
    assert all(text.strip("… ") in markdown for text in found)
