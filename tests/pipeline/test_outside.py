"""Numbers, JSON, patterns and names of a page are read within bounds, or refused in one line."""

from __future__ import annotations

from random import Random

import pytest

from pipeline.document.patterns import fits, is_usable
from pipeline.document.values import json_value, whole_number
from pipeline.errors import PipelineError
from pipeline.shape.dialect import as_number
from support.page_fuzzer import Judge
from support.page_mutations import mutated
from support.pages import LISTING_PAGE, page, query, rows
from support.projects import listing_project

PATH = "/v1/tiktok/video/detail"
MANY = "9" * 5_000
DEEP = "[" * 400 + "]" * 400


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    folder = tmp_path_factory.mktemp("outside")
    return Judge(listing_project(folder / "project"), folder)


def with_property(**schema: object) -> str:
    return page(PATH, data_schema={"type": "object", "properties": {"a": schema}})


def with_parameters(*parameters: dict[str, object]) -> str:
    return page(PATH, parameters=list(parameters), data_schema=rows(a="string"))


@pytest.mark.parametrize(
    "text",
    [
        with_parameters(query("page_size", f"at most {MANY}", "integer")),
        with_parameters(query("n", f"1=a 2=b {MANY}=c", "integer")),
        with_parameters(query("page_num", "from 1", "integer", example="²", default="²")),
        with_parameters(query("cursor", "default ²", "integer", required=True, default="²")),
        with_parameters(query("a", pattern="^(a+)+$", default="a" * 40 + "!")),
        with_parameters(query("a", pattern="(?P<n>a)")),
        with_property(type="integer", maximum=MANY),
        with_property(type="string", example=DEEP),
        with_property(type="string", allOf=[]),
        page(PATH, data_schema={**rows(a="string"), "anyOf": []}, example=[{"a": "b"}]),
        page(PATH, data_schema=rows(a="string"), example=[{"a": DEEP}]),
        page(PATH, data_schema=rows(a="string"), example=[{"a": "[" * 200_000}]),
        page(PATH, data_schema=rows(a="string"), example=[{"a": f'{{"b": {MANY}}}'}]),
        page(PATH, data_schema=rows(a="string"), example=[{"a": {"$ref": "#/components/x/y"}}]),
    ],
)
def test_what_says_nothing_is_left_out(judge: Judge, text: str) -> None:
    outcome = judge(text.encode())
    assert (outcome.kind, outcome.details) == ("used", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (with_property(type="integer", minimum="raw").replace("raw", MANY), "5,000 digits"),
        (with_property(type="number", minimum="raw").replace("raw", "1e999"), "too large"),
        (with_property(**{"$ref": "#/openapi"}), "not to an object"),
        (with_parameters(query("K"), query("K")), "two parameters"),
        (with_parameters(query("a" * 10_000)), "longer than 200"),
        (with_property(type="string", title="raw").replace("raw", "[a]"), "`title` is a list"),
        ("a" * 5_000_001, "5,000,001 bytes"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(judge: Judge, text: str, words: str) -> None:
    outcome = judge(text.encode())
    assert outcome.kind == "refused"
    assert words in outcome.details


@pytest.mark.parametrize("seed", range(12))
def test_a_mutated_page_is_used_or_refused(judge: Judge, seed: int) -> None:
    content = mutated(LISTING_PAGE.read_bytes(), Random(seed))  # noqa: S311 - it makes up pages
    outcome = judge(content, whole=False)
    assert outcome.is_right, outcome


def test_a_mutation_is_the_same_for_the_same_seed() -> None:
    content = LISTING_PAGE.read_bytes()
    once, again = (mutated(content, Random(3)) for _ in range(2))  # noqa: S311
    assert once == again != content


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("-3", -3), ("+4", 4), *((text, None) for text in ("²", "١", "1_0", "", " 1"))],
)
def test_whole_numbers_have_ascii_digits(text: str, number: int | None) -> None:
    assert whole_number(text) == number
    assert whole_number("9" * 19) is None
    assert whole_number(5) is None


def test_a_long_number_as_text_keeps_its_digits() -> None:
    assert as_number("681385571998246605") == 681385571998246605
    assert as_number("1e300") == 1e300
    assert as_number(MANY) is None


@pytest.mark.parametrize("text", [DEEP, MANY, "NaN", "1e999", "-Infinity", '{"a":', "[" * 100_000])
def test_json_is_bounded(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_value(text)
    assert json_value("[" * 99 + "1" + "]" * 99)


@pytest.mark.parametrize(
    "pattern",
    [
        *[r"^\d+$", r"^\d+(,\d+)*$", r"^[a-z]+(?:-[a-z]+)*$", r"^(?!x)\d+$", "^(US|GB|ID)$", ""],
        *[r"^(?:[A-Z]{2},?)+$", r"^[\w.+-]+@[\w-]+\.[\w.]+$", "(ab|cd)*", r"^(?:\d+\s)+$"],
    ],
)
def test_ordinary_patterns_are_kept(pattern: str) -> None:
    assert is_usable(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *["(a+)+$", "^(a|a)*$", "^(a|ab)*$", "(a*)*", "(?:,a*a*)*x", "(.*,)*x", r"(\w+\s?)*$"],
        *["(a?){50}b", "(x+x+)+y", r"(?=x)\1", "[", "a{1,99999}", "(?P<n>x)", r"\Z", "a" * 2_000],
        *[5, None, ["a"], "(?i:(a|A)*)", r"(a)\1*", r"^(([a-z])+.)+[A-Z]([a-z])+$"],
    ],
)
def test_patterns_that_an_engine_could_not_run_are_not(pattern: object) -> None:
    assert not is_usable(pattern)


def test_a_pattern_is_run_on_short_texts_alone() -> None:
    assert fits("^a+$", "aaa")
    assert not fits("^a+$", "b")
    assert not fits("^a+$", "a" * 201)


def test_an_error_shows_a_bounded_part_of_what_a_page_holds() -> None:
    error = PipelineError(
        "x\x1b[2J" * 10**6, where="a.md", pointer=f"#/{'p' * 10**6}", remedy="Fix"
    )
    assert len(str(error)) < 1_000
    assert "\x1b" not in str(error)
    assert str(error).startswith("a.md #/ppp")


def test_names_alike_in_a_wide_object_are_told_apart(judge: Judge) -> None:
    names = [f"property_{n}" for n in range(150)]
    schema = rows(**dict.fromkeys(["userId", *names, "user_id"], "string"))
    outcome = judge(page(PATH, data_schema=schema).encode())
    assert (outcome.kind, outcome.details) == ("used", "")
