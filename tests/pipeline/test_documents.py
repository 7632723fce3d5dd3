"""YAML from outside: read as JSON data, or refused; written so that it reads back the same."""

import json

import pytest
import yaml

from keyapi._json import pointer
from pipeline.document.values import MAX_DEPTH
from pipeline.document.yaml import MAX_BYTES, copied, dump_json, dump_yaml, load_yaml
from pipeline.errors import PipelineError

AWKWARD = [
    *["", " ", " leading", "trailing ", "a: b", "# no comment", "a #b", "- item", "? key", "! tag"],
    *["yes", "No", "on", "OFF", "y", "null", "~", "True", "<<", "=", "!x", "&x", "*x", "%x", "@x"],
    *["1", "-1", "+1", "1.5", ".5", "1.", "1e3", "1_000", "0o7", "017", "0x1F", "0b1", "12:30:45"],
    *["2024-01-01", "2024-01-01T00:00:00Z", ".inf", "-.inf", ".nan", "6813855719982466054"],
    *["'", '"', "`", "|", ">", "[", "{", "a\\b", "a\nb", "a\n", "\na", "a\r\nb", "a\tb", "\t"],
    *["中文：，、", "🪙", "\u2028", "\u0085", "\u200b", "\x00", "\x1b", "\ufeff", "x" * 300],
]


def refusal(text: str) -> str:
    with pytest.raises(PipelineError) as caught:
        load_yaml(text, "some/page.md")
    assert caught.value.where == "some/page.md"
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, None) for text in ("", "~", "null", "Null", "NULL")],
        *[(text, True) for text in ("true", "True", "TRUE")],
        *[(text, False) for text in ("false", "False", "FALSE")],
        *[("12", 12), ("-12", -12), ("+12", 12), ("0o17", 15), ("0x1F", 31), ("017", 17)],
        *[("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("-1e3", -1000.0), ("1E-2", 0.01)],
        *[("!!str 12", "12"), ("'12'", "12")],
    ],
)
def test_core_scalars_of_yaml_1_2(text, value):
    loaded = load_yaml(f"key: {text}", "page")["key"]
    assert (loaded, type(loaded)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        *["yes", "Yes", "no", "on", "off", "y", "n", "nUll", "tRue"],
        *["2024-01-01", "2024-01-01T10:00:00Z", "12:30:45", "190:20:30"],
        *["1_000", "0b11", "0o8", "1.2.3", "=", ".inf", "-.inf", ".nan", "e3", "+", "-."],
    ],
)
def test_what_only_yaml_1_1_understands_stays_text(text):
    assert load_yaml(f"key: {text}", "page") == {"key": text}


@pytest.mark.parametrize("key", ["200", "true", "null", "1.5", "2024-01-01", "on"])
def test_keys_are_text(key):
    assert load_yaml(f"{key}: value", "page") == {key: "value"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "'a' appears twice in line 3"),
        ("x:\n  - {a: 1, 'a': 2}", "'a' appears twice"),
        ("200: a\n'200': b", "'200' appears twice"),
        ("? [a]\n: 1", "a key is not text"),
        ("? {a: 1}\n: 1", "a key is not text"),
        ("a: !!python/object/apply:os.system ['true']", "python/object/apply:os.system"),
        ("a: !!python/name:os.system", "python/name:os.system"),
        ("a: !!binary aGk=", "binary is not allowed"),
        ("a: !!set {x, y}", "set is not allowed"),
        ("a: !!timestamp 2024-01-01", "timestamp is not allowed"),
        ("a: !custom 1", "!custom is not allowed"),
        ("a: &a [*a]", "*a contains itself"),
        ("a: &a {b: {c: [*a]}}", "*a contains itself"),
        ("a: *nothing", "undefined alias"),
        ("a: [", "broken YAML"),
        ("a: b: c", "in line 1"),
        ("a: 1\n---\nb: 2", "broken YAML"),
        ("a: " + "9" * 5000, "broken YAML"),
        ("a: 1e999", "1e999"),
        ("a: -1e999", "1e999"),
    ],
)
def test_refused(text, problem):
    assert problem in refusal(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "".join(" " * level + "a:\n" for level in range(MAX_DEPTH + 5)),
        # Each line is flat; written out, the last is nested deeper than the bound.
        "l0: &l0 [x]\n" + "".join(f"l{n}: &l{n} [*l{n - 1}]\n" for n in range(1, MAX_DEPTH * 2)),
    ],
    ids=["never closed", "flow", "block", "through aliases"],
)
def test_nesting_is_bounded(text):
    assert f"deeper than {MAX_DEPTH} levels" in refusal(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("form", ["[{}]", "{{{}}}"], ids=["lists", "merge keys"])
def test_a_billion_laughs_are_refused_before_they_are_built(form):
    lines = ["l0: &l0 {lol: lol}"]
    for level in range(1, 12):
        aliases = [f"*l{level - 1}"] * 9
        content = (
            ", ".join(aliases)
            if form == "[{}]"
            else ", ".join(f"k{index}: {alias}" for index, alias in enumerate(aliases))
        )
        lines.append(f"l{level}: &l{level} " + form.format(content))
    assert "once its aliases are written out" in refusal("\n".join(lines))


def test_a_document_over_the_size_bound_is_refused():
    assert "5,000,000" in refusal("#" * (MAX_BYTES + 1))


def test_nesting_up_to_the_bound_is_read():
    data = load_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH, "page")
    assert json.dumps(data) == "[" * MAX_DEPTH + "]" * MAX_DEPTH


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: &x {k: [1]}\nb: *x", {"a": {"k": [1]}, "b": {"k": [1]}}),
        ("a: &x text\nb: [*x, *x]", {"a": "text", "b": ["text", "text"]}),
        (
            "a: &x {k: 1, l: 1}\nb: {k: 2, <<: *x}",
            {"a": {"k": 1, "l": 1}, "b": {"k": 2, "l": 1}},
        ),
        (
            "a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}",
            {"a": {"k": 1}, "b": {"k": 2, "l": 2}, "c": {"k": 1, "l": 2}},
        ),
        ("'<<': text", {"<<": "text"}),
    ],
)
def test_anchors_and_merge_keys(text, data):
    assert load_yaml(text, "page") == data


@pytest.mark.parametrize("text", AWKWARD)
def test_text_reads_back_the_same_with_any_yaml(text):
    data = {"value": text, "list": [text], text: {text: text}}
    written = dump_yaml(data).decode()
    assert load_yaml(written, "page") == data
    if text not in ("=", "<<"):  # PyYAML has no constructor for the first, merges the second
        assert yaml.safe_load(written) == data


def test_data_reads_back_the_same():
    data = {
        "numbers": [0, -1, 2**70, 1.5, 1e20, -1e-20],
        "others": [None, True, False, [], {}, [[]], {"a": {}}],
    }
    assert load_yaml(dump_yaml(data).decode(), "page") == data
    assert json.loads(dump_json(data)) == data


def test_same_data_gives_the_same_bytes_in_the_order_given():
    shared = {"k": ["v"]}
    once = {"z": {"k": ["v"]}, "a": {"k": ["v"]}}
    written = b"z:\n  k:\n  - v\na:\n  k:\n  - v\n"
    assert dump_yaml({"z": shared, "a": shared}) == dump_yaml(once) == written
    assert dump_json({"z": shared, "a": shared}) == dump_json(once)
    assert dump_yaml(once, "# header\n").startswith(b"# header\nz:")


def test_json_has_no_word_for_infinity():
    with pytest.raises(ValueError, match="JSON"):
        dump_json({"a": float("inf")})


def test_a_copy_shares_nothing():
    original = {"a": [{"b": 1}]}
    copy = copied(original)
    copy["a"][0]["b"] = 2
    assert original == {"a": [{"b": 1}]}


@pytest.mark.parametrize(
    ("keys", "text"),
    [((), "#"), (("a/b", "c~d", 0), "#/a~1b/c~0d/0"), (("",), "#/")],
)
def test_pointers_are_escaped(keys, text):
    assert pointer(*keys) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PipelineError("it broke"), "it broke."),
        (PipelineError("it broke!", where="a.md"), "a.md: it broke!"),
        (
            PipelineError("it broke", where="a.md", pointer="#/x", remedy="Mend it."),
            "a.md #/x: it broke. Mend it.",
        ),
    ],
)
def test_errors_say_what_where_and_what_next(error, text):
    assert str(error) == text
