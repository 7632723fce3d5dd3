"""Overlay 1.0 semantics (https://spec.openapis.org/overlay/v1.0.0.html), applied strictly."""

import copy

import pytest
import yaml

from pipeline.correct.overlay import apply_overlay, correct
from pipeline.document.yaml import load_yaml
from pipeline.errors import PipelineError
from support.overlays import overlay, recorded
from support.pages import ROOT

COMMITTED = ROOT / "openapi" / "tiktok.overlay.yaml"


def applied(spec, *actions):
    return apply_overlay(spec, overlay(*recorded(spec, actions)), "some.overlay.yaml")


def refusal(spec, document) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        apply_overlay(spec, document, "some.overlay.yaml")
    assert caught.value.where == "some.overlay.yaml"
    return caught.value


def update(target, value):
    return {"target": target, "update": value}


def remove(target, **fields):
    return {"target": target, "remove": True, **fields}


@pytest.mark.parametrize(
    ("spec", "action", "result"),
    [
        # objects: merged recursively, primitives replaced, new properties added
        ({"a": 1}, update("$", {"a": 2}), {"a": 2}),
        ({"a": 1}, update("$", {"b": {"c": 1}}), {"a": 1, "b": {"c": 1}}),
        (
            {"a": {"b": {"c": 1, "d": 1}}},
            update("$.a", {"b": {"c": 2, "e": 2}}),
            {"a": {"b": {"c": 2, "d": 1, "e": 2}}},
        ),
        ({"a": {"b": 1}}, update("$.a", {"b": None}), {"a": {"b": None}}),
        ({"a": {"b": 1}}, update("$.a", {}), {"a": {"b": 1}}),
        # arrays: a selected one takes the update as an entry, nested ones are concatenated
        ({"a": [1]}, update("$.a", 2), {"a": [1, 2]}),
        ({"a": [1]}, update("$.a", {"b": 1}), {"a": [1, {"b": 1}]}),
        ({"a": [1]}, update("$.a", [2, 3]), {"a": [1, [2, 3]]}),
        ({"a": []}, update("$.a", None), {"a": [None]}),
        ({"a": [1]}, update("$", {"a": [2, 3]}), {"a": [1, 2, 3]}),
        ({"a": {"b": [1]}}, update("$", {"a": {"b": [1]}}), {"a": {"b": [1, 1]}}),
        # removal
        ({"a": {}, "b": 1}, remove("$.a"), {"b": 1}),
        ({"a": [1]}, remove("$.a"), {}),
        ({"a": [{"n": 1}, {"n": 2}]}, remove("$.a[0]"), {"a": [{"n": 2}]}),
        ({"a": [{"n": 1}, {"n": 1}, {"n": 3}]}, remove("$.a[?@.n<3]"), {"a": [{"n": 3}]}),
        ({"a": [{"n": 1}, {"n": 2}, {"n": 1}]}, remove("$.a[2,0]"), {"a": [{"n": 2}]}),
        ({"a": [{"n": 1}, {"n": 2}, {"n": 3}]}, remove("$.a[0,0]"), {"a": [{"n": 2}, {"n": 3}]}),
        ({"a": [{"n": 1}, {"n": 2}, {"n": 1}]}, remove("$.a[-1,0]"), {"a": [{"n": 2}]}),
        ({"a": [{"n": 1}, {"n": 2}, {"n": 1}]}, remove("$.a[::-2]"), {"a": [{"n": 2}]}),
        ({"a": {"x": {}, "y": 1}}, remove("$.a['x','x']"), {"a": {"y": 1}}),
        ({"a": {"n": {"n": {}}}, "c": {}}, remove("$..[?@.n.n]"), {"c": {}}),
        ({"a": {"x": {}}, "b": {"x": {}}}, remove("$.*.x"), {"a": {}, "b": {}}),
        ({"a": {"b": 1}}, remove("$.a", update={"b": 2}), {}),
        ({"a": {"b": 1}}, {**update("$.a", {"b": 2}), "remove": False}, {"a": {"b": 2}}),
        # several matches
        (
            {"a": {"x": 1}, "b": {"x": 1}},
            update("$.*", {"x": 2}),
            {"a": {"x": 2}, "b": {"x": 2}},
        ),
        (
            {"p": [{"name": "a"}, {"name": "b"}]},
            update("$.p[?@.name=='b']", {"in": "query"}),
            {"p": [{"name": "a"}, {"name": "b", "in": "query"}]},
        ),
        (
            {"paths": {"/v1/a": {"get": {}}, "/v1/b": {"get": {}}}},
            update("$.paths['/v1/b'].get", {"deprecated": True}),
            {"paths": {"/v1/a": {"get": {}}, "/v1/b": {"get": {"deprecated": True}}}},
        ),
    ],
)
def test_one_action(spec, action, result):
    assert applied(spec, action) == result


@pytest.mark.parametrize(
    ("actions", "result"),
    [
        ([update("$.a", {"x": 2}), update("$.a", {"x": 3})], {"a": {"x": 3}}),
        ([update("$", {"b": {}}), update("$.b", {"y": 1})], {"a": {"x": 1}, "b": {"y": 1}}),
        ([remove("$.a"), update("$", {"a": {"y": 2}})], {"a": {"y": 2}}),
        ([update("$.a", {"y": {}}), remove("$.a.y")], {"a": {"x": 1}}),
    ],
)
def test_actions_apply_in_order_each_on_the_result_of_the_one_before(actions, result):
    assert applied({"a": {"x": 1}}, *actions) == result


def test_a_later_action_does_not_find_what_an_earlier_one_removed():
    error = refusal({"a": {}}, overlay(remove("$.a"), update("$.a", {"x": 1})))
    assert error.pointer == "#/actions/1"
    assert "$.a matches nothing" in str(error)


def test_neither_input_is_changed():
    spec = {"a": {"x": [1]}, "b": [{}]}
    document = overlay(
        update("$.a", {"x": [2], "n": {}}), update("$.a.n", {"m": 1}), remove("$.b[0]")
    )
    document = overlay(*recorded(spec, document["actions"]))
    before = copy.deepcopy((spec, document))
    apply_overlay(spec, document, "some.overlay.yaml")
    assert (spec, document) == before


def test_matches_do_not_share_the_updates_values():
    result = applied(
        {"a": {}, "b": {}, "l": [[], []]},
        update("$['a','b']", {"list": []}),
        update("$.a.list", 1),
        update("$.l[*]", {}),
        update("$.l[0][0]", {"x": 1}),
    )
    assert result == {"a": {"list": [1]}, "b": {"list": []}, "l": [[{"x": 1}], [{}]]}


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (update("$.b", {}), "$.b matches nothing"),
        (remove("$.b"), "matches nothing"),
        (update("$.list[?@.name=='z']", {}), "matches nothing"),
        (update("$.a.x", {}), "selects a int at $['a']['x']"),
        (update("$.a.none", {}), "selects a NoneType"),
        (remove("$.a.x"), "selects a int"),
        (update("$.a.*", {}), "selects a int"),
        (update("$.a", 1), "the update is not one"),
        (update("$.a", None), "the update is not one"),
        (update("$.a", [1]), "the update is not one"),
        (remove("$"), "cannot be removed"),
        (update("a", {}), "is not a JSONPath"),
        (update("", {}), "is not a JSONPath"),
        (update("$.a[", {}), "is not a JSONPath"),
        (update("$.a[?nope(@)]", {}), "is not a JSONPath"),
        (update("#/a", {}), "is not a JSONPath"),
    ],
)
def test_an_action_that_does_not_fit_is_an_error(action, problem):
    spec = {"a": {"x": 1, "none": None}, "list": [{"name": "y"}]}
    error = refusal(spec, overlay(update("$.a", {"x": 1}), action))
    assert problem in str(error)
    assert error.pointer == "#/actions/1"


API = {
    "info": {"title": "x", "version": "1"},
    "paths": {
        "/v1/a/list": {"get": {"parameters": [{"name": "page_num"}, {"name": "page_size"}]}},
        "/v1/a/rank": {"get": {"parameters": [], "tags": ["a"]}},
        "/v1/b/detail": {"post": {"responses": {"200": {"description": "ok"}}}},
    },
    "tags": [],
}


def test_every_action_that_matches_nothing_is_in_the_one_error():
    actions = [{"target": f"$.{key}", "update": {}, "x-published": {}} for key in "abc"]

    error = refusal({"b": {}}, overlay(*actions))

    assert error.pointer == "#/actions/0"
    assert "1 more action below" in error.problem
    assert "drop the action" in error.remedy
    assert "#/actions/2, target $.c" in error.details
    assert "#/actions/1" not in error.details


@pytest.mark.parametrize(
    ("target", "pointers"),
    [
        ("$.paths['/v1/a/lists'].get", ["paths/~1v1~1a~1list/get", "paths/~1v1~1a~1rank/get"]),
        ("$.paths['/v1/b/details'].get.tags", ["paths/~1v1~1b~1detail"]),
        ("$.paths['/v1/a/list'].gets", ["paths/~1v1~1a~1list/get"]),
        ("$.paths['/v1/b/detail'].get", ["paths/~1v1~1b~1detail/post"]),
        (
            "$.paths['/v1/a/list'].get.parameters[?@.name=='page_sise']",
            ["paths/~1v1~1a~1list/get/parameters/1"],
        ),
        (
            "$.paths[*].get.parameters[?@['name']=='pagenum']",
            ["paths/~1v1~1a~1list/get/parameters/0", "paths/~1v1~1a~1list/get/parameters/1"],
        ),
        ("$..responses['201']", ["paths/~1v1~1b~1detail/post/responses/200"]),
        ("$..titel", ["info/title"]),
        ("$.information", ["info"]),
        ("$.zzz", ["info", "paths", "tags"]),
        ("$.tags[0]", ["tags"]),
        ("$.tags.x.y", ["tags"]),
    ],
)
def test_a_target_that_is_not_there_names_what_is_near_it(target, pointers):
    error = refusal(API, overlay(update(target, {})))
    near = error.problem.partition("near it there is ")[2].split(" and ")
    assert [pointer.removeprefix("#/") for pointer in near][: len(pointers)] == pointers
    assert len(near) <= 3


@pytest.mark.parametrize(
    ("action", "at"),
    [
        (update("$.info", {"title": "x"}), ["#/info"]),
        (update("$.info", {}), ["#/info"]),
        (update("$", {"info": {"version": "1"}, "tags": []}), ["#"]),
        (update("$.paths['/v1/a/rank'].get", {"tags": ["a"]}), ["#/paths/~1v1~1a~1rank/get"]),
        (update("$.paths['/v1/a/rank'].get.tags", "a"), ["#/paths/~1v1~1a~1rank/get/tags"]),
        (
            update("$.paths[*].get", {"parameters": []}),
            ["#/paths/~1v1~1a~1list/get", "#/paths/~1v1~1a~1rank/get"],
        ),
        (update("$.info", {"title": "y"}), []),
        (update("$.info", {"more": None}), []),
        (update("$.info", {"version": 1}), []),
        (update("$.paths['/v1/a/rank'].get", {"tags": ["b"]}), []),
        (update("$.paths['/v1/a/rank'].get", {"tags": {}}), []),
        (update("$.paths['/v1/a/rank'].get.tags", "b"), []),
        (remove("$.tags"), []),
    ],
)
def test_an_action_is_redundant_when_every_target_says_the_same_already(action, at):
    actions = recorded(API, [update("$.info", {"x": 1}), action])
    notes = correct(API, overlay(*actions), "some.overlay.yaml").redundant
    assert [note.partition(" already at ")[2] for note in notes] == (
        [f"{', '.join(at)}. Drop it."] if at else []
    )
    assert all(note.startswith("some.overlay.yaml #/actions/1: ") for note in notes)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (None, "#"),
        ([], "#"),
        ({}, "#"),
        (overlay(update("$", {}), overlay="2.0.0"), "#"),
        (overlay(update("$", {}), overlay="1.1.0"), "#"),
        (overlay(update("$", {}), info=None), "#/info"),
        (overlay(update("$", {}), info={"title": "no version"}), "#/info"),
        (overlay(update("$", {}), action=[]), "#/action"),
        (overlay(), "#/actions"),
        (overlay(actions={}), "#/actions"),
        (overlay("text"), "#/actions/0"),
        (overlay({"update": {}}), "#/actions/0"),
        (overlay({"target": 1, "update": {}}), "#/actions/0"),
        (overlay({"target": "$"}), "#/actions/0"),
        (overlay({"target": "$", "remove": False}), "#/actions/0"),
        (overlay(update("$", {}), {"target": "$.a", "remove": "yes"}), "#/actions/1/remove"),
        (overlay({"target": "$", "updates": {}}), "#/actions/0/updates"),
    ],
)
def test_a_malformed_overlay_is_an_error(document, pointer):
    assert refusal({"a": {}}, document).pointer == pointer


def test_extensions_are_allowed_everywhere():
    action = {**update("$", {"b": 1}), "x-evidence": "page", "description": "why"}
    (action,) = recorded({}, [action])
    document = overlay(action, extends="spec.yaml", **{"x-note": 1})
    assert apply_overlay({}, document, "some.overlay.yaml") == {"b": 1}


def test_every_committed_correction_has_its_reason_and_evidence():
    document = yaml.safe_load(COMMITTED.read_text("utf-8"))
    assert document["actions"]
    for action in document["actions"]:
        assert len(action["description"]) > 20, action["target"]
        assert action["x-evidence"].startswith(("page:", "doc:", "seen:")), action["target"]


@pytest.mark.published
def test_every_committed_correction_is_needed():
    """One action left out gives another specification: none repeats what is published."""
    spec = load_yaml((ROOT / "openapi" / "tiktok.openapi.yaml").read_text("utf-8"), "spec")
    document = load_yaml(COMMITTED.read_text("utf-8"), "overlay")
    whole = apply_overlay(spec, document, "overlay")
    for action in document["actions"]:
        rest = [other for other in document["actions"] if other is not action]
        assert apply_overlay(spec, {**document, "actions": rest}, "overlay") != whole
