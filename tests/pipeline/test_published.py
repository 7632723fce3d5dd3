"""An action of the overlay records what it corrects, and notices when a page changes that."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.correct.overlay import apply_overlay, correct
from pipeline.correct.published import MAX_SPLIT, PUBLISHED
from pipeline.document.yaml import dump_yaml, load_yaml
from pipeline.errors import PipelineError
from support.overlays import overlay, recorded

WRITE = ("Write into the action:\n\n", "action, in place of its x-published:\n\n")
INSTEAD = "instead of\n  the action:\n\n"


def refusal(spec: dict[str, Any], *actions: dict[str, Any]) -> PipelineError:
    before = copy.deepcopy(spec)
    with pytest.raises(PipelineError) as caught:
        apply_overlay(spec, overlay(*actions), "some.overlay.yaml")
    assert spec == before
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def pasted(action: dict[str, Any], error: PipelineError) -> list[dict[str, Any]]:
    """The overlay's actions after a maintainer has pasted what an error about one says."""
    text = dump_yaml(overlay()).decode().replace("actions: []", "actions:")
    if INSTEAD in error.details:
        text += error.details.partition(INSTEAD)[2]
    else:
        rest = {key: value for key, value in action.items() if key != PUBLISHED}
        text += textwrap.indent(dump_yaml([rest]).decode(), "  ")
        text += error.details.partition(WRITE[PUBLISHED in action])[2]
    actions: list[dict[str, Any]] = load_yaml(text, "some.overlay.yaml")["actions"]
    return actions


ACTIONS: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "a text": ({"a": {"text": "ten"}}, {"update": {"text": "10"}}, {"text": "ten"}),
    "nothing": ({"a": {}}, {"update": {"text": "10"}}, {}),
    "null": ({"a": {"text": None}}, {"update": {"text": "10"}}, {"text": None}),
    "one of two": ({"a": {"x": 1}}, {"update": {"x": 2, "y": 3}}, {"x": 1}),
    "deep": (
        {"a": {"x": {"y": {"z": 1, "other": 2}}}},
        {"update": {"x": {"y": {"z": 2}}}},
        {"x": {"y": {"z": 1}}},
    ),
    "deep, and nothing": ({"a": {"x": {"y": {}}}}, {"update": {"x": {"y": {"z": 2}}}}, {}),
    "a value for an object": ({"a": {"x": 5}}, {"update": {"x": {"y": 1}}}, {"x": 5}),
    "an object for a value": ({"a": {"x": {}}}, {"update": {"x": 1}}, {"x": {}}),
    "a list that grows": ({"a": {"x": ["p"]}}, {"update": {"x": ["q"]}}, {"x": ["p"]}),
    "a list selected": ({"a": ["p"]}, {"update": "q"}, ["p"]),
    "a list that is empty": ({"a": []}, {"update": "q"}, []),
    "removed": ({"a": {"x": [1]}}, {"remove": True}, {"x": [1]}),
    "removed, a list": ({"a": [1, None]}, {"remove": True}, [1, None]),
}


@pytest.mark.parametrize("case", ACTIONS)
def test_a_record_mirrors_the_update(case: str) -> None:
    spec, what, published = ACTIONS[case]
    action = {"target": "$.a", **what}

    error = refusal(spec, action)

    assert "does not record what it corrects: x-published is missing" in error.problem
    assert pasted(action, error) == [{**action, PUBLISHED: published}]
    apply_overlay(spec, overlay({**action, PUBLISHED: published}), "some.overlay.yaml")


CHANGES: dict[str, tuple[Any, dict[str, Any], Any, str, str, str]] = {
    # what is published, the action, what is published later, pointer, old, new
    "another number in a text": (
        *({"text": "At most 10."}, {"update": {"text": "Rows, at most 10."}}),
        *({"text": "At most 20."}, "#/a/text", '"At most 10."', '"At most 20."'),
    ),
    "a text that was not there": (
        *({}, {"update": {"text": "In USD."}}, {"text": "In EUR."}),
        *("#/a/text", "nothing", '"In EUR."'),
    ),
    "a text that has gone": (
        *({"text": "x"}, {"update": {"text": "y"}}, {"more": 1}, "#/a/text", '"x"', "nothing"),
    ),
    "another type": (
        *({"type": "integer"}, {"update": {"type": "number"}}, {"type": "string"}),
        *("#/a/type", '"integer"', '"string"'),
    ),
    "a number that became a text": (
        *({"x": 1}, {"update": {"x": 2}}, {"x": "1"}, "#/a/x", "1", '"1"'),
    ),
    "a number that became another kind": (
        *({"x": 1}, {"update": {"x": 2}}, {"x": 1.0}, "#/a/x", "1", "1.0"),
    ),
    "true is not 1": (*({"x": 1}, {"update": {"x": 2}}, {"x": True}, "#/a/x", "1", "true"),),
    "null is not nothing": (*({}, {"update": {"x": 2}}, {"x": None}, "#/a/x", "nothing", "null"),),
    "a member of a list": (
        *({"x": ["p"]}, {"update": {"x": ["q"]}}, {"x": ["p", "r"]}),
        *("#/a/x", '["p"]', '["p", "r"]'),
    ),
    "something deep": (
        *({"x": {"y": 1}}, {"update": {"x": {"y": 3, "z": 4}}}, {"x": {"y": 2}}),
        *("#/a/x/y", "1", "2"),
    ),
    "something deep that came": (
        *({}, {"update": {"x": {"y": 3, "z": 4}}}, {"x": {"y": 2}}, "#/a/x/y", "nothing", "2"),
    ),
    "a value where there was an object": (
        *({"x": {"y": 1}}, {"update": {"x": {"y": 3}}}, {"x": 7}, "#/a/x", '{"y": 1}', "7"),
    ),
    "what is removed": (*({"x": 1}, {"remove": True}, {"x": 2}, "#/a", '{"x": 1}', '{"x": 2}'),),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_page_that_says_something_else_is_an_error_with_the_lines_to_write(case: str) -> None:
    before, what, after, place, old, new = CHANGES[case]
    (action,) = recorded({"a": before}, [{"target": "$.a", **what}])

    error = refusal({"a": after}, action)

    assert (error.where, error.pointer) == ("some.overlay.yaml", "#/actions/0")
    assert f"at {place} there is {new}, not {old}" in error.problem
    assert f"  {place}\n    old: {old}\n    new: {new}\n" in error.details
    assert "whether the correction still holds" in error.remedy
    apply_overlay({"a": after}, overlay(*pasted(action, error)), "some.overlay.yaml")


@pytest.mark.parametrize(
    "after",
    [
        {"text": "Ten.", "more": "new"},
        {"text": "Ten.", "type": "integer", "x-odd": [1]},
        {"text": "Ten.", "below": {"text": "other"}},
    ],
)
def test_what_an_action_does_not_write_may_change(after: dict[str, Any]) -> None:
    (action,) = recorded({"a": {"text": "Ten."}}, [{"target": "$.a", "update": {"text": "10"}}])

    assert apply_overlay({"a": after}, overlay(action), "o")["a"] == {**after, "text": "10"}


@pytest.mark.parametrize(
    ("spec", "what", "wrong"),
    [
        ({"a": {"x": 1}}, {"update": {"x": 2}}, "1"),
        ({"a": {"x": 1}}, {"update": {"x": 2}}, None),
        ({"a": {"x": 1}}, {"update": {"x": 2}}, [1]),
        ({"a": {"x": 1}}, {"update": {"x": 2}}, {"x": 1, "y": 2}),
        ({"a": {"x": {"y": 1}}}, {"update": {"x": {"y": 2}}}, {"x": {"z": 1}}),
        ({"a": [1]}, {"update": 2}, {}),
        ({"a": [1]}, {"remove": True}, {"0": 1}),
        ({"a": {"x": 1}}, {"remove": True}, "x"),
    ],
)
def test_a_record_of_another_shape_is_an_error_with_the_lines_to_write(
    spec: dict[str, Any], what: dict[str, Any], wrong: Any
) -> None:
    action = {"target": "$.a", **what, PUBLISHED: wrong}

    error = refusal(spec, action)

    assert "does not have the shape of what the action corrects" in error.problem
    apply_overlay(spec, overlay(*pasted(action, error)), "some.overlay.yaml")


def test_every_action_that_finds_something_else_is_in_the_one_error() -> None:
    spec = {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1}}
    actions = recorded(spec, [{"target": f"$.{key}", "update": {"x": 3}} for key in spec])

    error = refusal({"a": {"x": 1}, "b": {"x": 2}, "c": {}}, *actions)

    assert error.pointer == "#/actions/1"
    assert "1 more action below" in error.problem
    assert "#/actions/0" not in error.details
    assert "some.overlay.yaml #/actions/1, target $.b\n" in error.details
    assert "some.overlay.yaml #/actions/2, target $.c\n" in error.details


def test_an_action_is_compared_with_what_those_before_it_left() -> None:
    actions = [
        {"target": "$", "update": {"a": {"x": 1}}, PUBLISHED: {}},
        {"target": "$.a", "update": {"x": 2}, PUBLISHED: {"x": 1}},
    ]
    assert apply_overlay({}, overlay(*actions), "o") == {"a": {"x": 2}}


def test_a_page_that_makes_the_correction_itself_is_no_error() -> None:
    action = {"target": "$.a", "update": {"x": 2}, PUBLISHED: {"x": 1}}

    corrected = correct({"a": {"x": 2}}, overlay(action), "o")

    assert corrected.spec == {"a": {"x": 2}}
    assert len(corrected.redundant) == 1


WILDCARD = {"target": "$.p[*]", "description": "Why.", "update": {"x": 3}}


def test_all_matches_have_what_is_recorded() -> None:
    (action,) = recorded({"p": [{"x": 1}, {"x": 1}]}, [WILDCARD])

    error = refusal({"p": [{"x": 2}, {"x": 2}]}, action)

    assert error.details.count("  old: 1\n    new: 2") == 2
    assert [done[PUBLISHED] for done in pasted(action, error)] == [{"x": 2}]


@pytest.mark.parametrize("after", [[{"x": 1}, {"x": 2}], [{}, {"x": 1}], [{"x": 1}, {"x": 3}]])
@pytest.mark.parametrize("what", [{"update": {"x": 3}}, {"remove": True}])
def test_matches_that_differ_need_actions_of_their_own(
    after: list[dict[str, Any]], what: dict[str, Any]
) -> None:
    """Removing an item of a list moves those behind it: the last is removed first."""
    action = {"target": "$.p[*]", "description": "Why.", **what, PUBLISHED: {"x": 1}}

    error = refusal({"p": after}, action)

    assert "narrow the target with a filter" in error.details
    actions = pasted(action, error)
    assert len(actions) == 2
    assert all(done["description"] == "Why." for done in actions)
    result = apply_overlay({"p": after}, overlay(*actions), "o")
    assert result["p"] == ([] if "remove" in what else [{"x": 3}, {"x": 3}])


def test_of_many_matches_that_differ_only_the_advice_is_given() -> None:
    spec = {"p": [{"x": number} for number in range(MAX_SPLIT + 1)]}

    error = refusal(spec, {**WILDCARD, PUBLISHED: {"x": -1}})

    assert f"Its {MAX_SPLIT + 1} matches do not all have the same" in error.details
    assert "and 1 more" in error.details
    assert PUBLISHED not in error.details


HOSTILE = [
    *("", " ", " a", "a ", "\t", "\n", "a\nb", "a\n\n\nb\n", "\n a", "a: b", "- a", "# a", "a #b"),
    *("'", '"', "''", "%a", "@a", "`a`", "!a", "&a", "*a", "<<", "?", "|", ">", "{", "[", "}", ","),
    *("yes", "no", "on", "null", "~", "Null", "true", "1", "1.0", "-1", "1e3", "1e400", "0o7"),
    *("0x1F", "1_000", "01", ".nan", "NaN", ".inf", "2020-01-01", "12:30:45", "=", "---", "..."),
    *("é", "标签", "🪙", "\u202eevil", "\u2028", "\x85", "\x1b[31mred", "\ufeffbom", "\x07"),
    *("\u200fright", "\u061carabic"),
    *("a" * 100_000, "word " * 20_000, "x\n" * 5_000, "~~~~~~\n# heading\n<script>"),
    *(0, -1, 10**40, 1.5, 1e16, 1e-7, True, False, None, [], {}, [[]], [{}], {"": {"": ""}}),
    *({"yes": "no", "1": 1, "~": None, "a: b": "#"}, [None, "null", "- x"], {"x-published": {}}),
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_the_lines_to_write_are_accepted_whatever_is_published(value: Any) -> None:
    spec = {"a": {"x": value}}
    for what in ({"update": {"x": "corrected"}}, {"remove": True}):
        action = {"target": "$.a", **what, PUBLISHED: {"x": "old"}}
        error = refusal(spec, action)
        apply_overlay(spec, overlay(*pasted(action, error)), "some.overlay.yaml")
        shown = str(error) + error.details
        assert not {*"\x1b\x07\x85\u202e\u2028\ufeff\u200f\u061c"} & {*shown}
        assert len(str(error)) < 3_000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from("xyz"), JSON), st.dictionaries(st.sampled_from("xyz"), JSON))
def test_the_lines_to_write_are_accepted_for_any_update(old: Any, new: Any) -> None:
    spec, action = {"a": old}, {"target": "$.a", "update": new}
    error = refusal(spec, action)
    apply_overlay(spec, overlay(*pasted(action, error)), "some.overlay.yaml")


def test_long_texts_are_shown_where_they_differ() -> None:
    text = "word " * 200
    action = {"target": "$.a", "update": {"x": "y"}, PUBLISHED: {"x": f"{text}ten {text}"}}

    error = refusal({"a": {"x": f"{text}twenty {text}"}}, action)

    lines = error.details.splitlines()
    old, new = (line for line in lines if line.startswith(("    old: ", "    new: ")))
    assert old == "    old: …ord word word word ten word word word word…"
    assert new == "    new: …ord word word word twenty word word word word…"
