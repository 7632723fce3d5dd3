"""Failures that people can act on: each cause once, the first one first, in few lines."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from keyapi.conformance.broken import ContractBroken, assert_holds, causes_of, curls_in
from keyapi.conformance.cause import Cause, folded, merged, roots
from keyapi.conformance.page import FailedTest, Report, page
from keyapi.conformance.recordings import RecordingFinding
from keyapi.conformance.registry import Finding
from keyapi.conformance.relations import RELATIONS
from keyapi.conformance.revision import revision
from keyapi.conformance.tally import Count, broken, table
from keyapi.conformance.wording import capture_shortened, described, excerpts, shortened
from keyapi.contract import Violation
from keyapi.specification import Specification

OPERATION = "shop_list"
PAIR = ("meaning", OPERATION)


def finding(rule: str = "order", pointer: str = "/data/1/price", case: str = "asc") -> Finding:
    return Finding("meaning", case, Violation(OPERATION, pointer, rule, "at most 3", "4"))


def causes(*findings: Any) -> tuple[Cause, ...]:
    with pytest.raises(ContractBroken) as raised:
        assert_holds(findings)
    return raised.value.causes


def test_what_holds_raises_nothing() -> None:
    assert_holds([])


def test_findings_of_one_rule_at_one_place_are_one_cause_with_a_count() -> None:
    found = causes(finding(), finding(pointer="/data/7/price", case="desc"), finding("filter"))

    assert [(cause.rule, cause.pointer, cause.times, cause.case) for cause in found] == [
        ("order", "/data/*/price", 2, "asc"),
        ("filter", "/data/*/price", 1, "asc"),
    ]


def test_a_specification_that_is_not_its_page_comes_before_what_follows() -> None:
    relations = ("recording", "meaning", "", "spec - page")
    found = merged(Cause(each, OPERATION, "type", expected=each and "x") for each in relations)
    assert [cause.relation for cause in found] == ["spec - page", "meaning", "recording", ""]


@pytest.mark.parametrize("rule", ["method", "openapi", "argument", "status"])
def test_what_the_rest_may_follow_from_comes_first(rule: str) -> None:
    found = causes(finding(), finding("filter"), finding(rule, ""))
    assert found[0].rule == rule


def test_what_needs_a_method_follows_from_its_absence() -> None:
    other = Cause("meaning", "another", "order")
    lacking = [Cause(relation, OPERATION, "method") for relation in RELATIONS[1:4]]
    first, rest = roots(merged([Cause("recording", OPERATION, "recording"), other, *lacking]))

    assert first == [lacking[0], other]
    assert [cause.relation for cause in rest] == [*RELATIONS[2:4], "recording"]


def test_a_violation_alone_breaks_the_relation_that_was_tallied() -> None:
    with pytest.raises(ContractBroken) as raised:
        assert_holds([Violation(OPERATION, "/data", "to_dict", "1", "2")])
    assert [cause.pair for cause in causes_of(raised.value, [PAIR])] == [PAIR]
    assert [cause.pair for cause in causes_of(raised.value, [])] == [("", OPERATION)]


def test_places_where_one_rule_is_broken_are_listed_with_the_first() -> None:
    (cause,) = folded(causes(*(finding(pointer=f"/data/1/{name}") for name in "abc")))
    assert (cause.pointer, cause.also, cause.times) == ("/data/*/a", ("/data/*/b", "/data/*/c"), 3)
    assert "  also at   /data/*/b, /data/*/c" in described([cause])


def test_a_command_that_asks_a_sandbox_is_written_whole() -> None:
    text = list(described([Cause(*PAIR, "order", curl="curl 'http://x'" + "x" * 99)]))
    assert text[-2:] == ["  With `keyapi sandbox` running:", "    curl 'http://x'" + "x" * 99]


def test_a_recording_may_be_right_and_the_specification_wrong() -> None:
    file = str(Path.cwd() / "tests/recordings/shop_list/200.har")
    remedy = "Record it again: python scripts/record.py shop_list --outcome 200"
    recorded = RecordingFinding(file, OPERATION, "/log#/data/0/id", "type string", "5", remedy)
    lines = list(described(causes(recorded)))

    assert lines[0] == "recording · shop_list · at /log#/data/0/id"
    assert "  in        tests/recordings/shop_list/200.har" in lines
    assert f"  {remedy}" in lines
    assert any("the specification is wrong: correct it in the overlay" in line for line in lines)
    assert "the specification is wrong" in str(recorded)


def test_long_and_many_values_are_cut_to_where_they_differ() -> None:
    expected, found = excerpts("x" * 5000 + "a" * 900, "x" * 5000 + "b" * 900)
    assert (len(expected), len(found)) == (240, 240)
    assert "xa" in expected
    assert "xb" in found

    text = list(described([Cause(*PAIR, f"rule-{n}", found="y " * 900) for n in range(50)]))
    assert max(map(len, text)) <= 80
    assert len(text) < 50
    assert text[-1].startswith("… and 42 more causes: rule-8, rule-9")


def test_what_a_test_logged_is_cut_too() -> None:
    lines = capture_shortened("\n".join(["WARNING " + "x" * 999] * 1600)).splitlines()
    assert len(lines) == 7
    assert lines[-1] == "… 1594 lines left out"
    assert capture_shortened("a\nb") == "a\nb"


def test_what_a_terminal_would_obey_is_not_written() -> None:
    (cause,) = causes(Finding("meaning", "x", Violation(OPERATION, "", "echo", "\x1b[2J", "\x07")))
    assert "\x1b" not in cause.expected + cause.found
    assert "\x07" not in cause.found


def test_a_traceback_is_cut_in_the_middle() -> None:
    lines = shortened("\n".join(f"line {n} {'x' * 999}" for n in range(1600))).splitlines()
    assert len(lines) == 33
    assert max(map(len, lines)) == 240
    assert lines[8] == "… 1568 lines left out; --tb=long shows them"


class Check(AssertionError):
    """A failure as Schemathesis has it."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(f"{title}\n{message}")
        self.title = title


def test_a_check_of_schemathesis_breaks_the_relation_that_it_is_of() -> None:
    pairs = [("server -> spec", OPERATION), PAIR]
    written = str(Violation(OPERATION, "/data/3/price", "order", "at most 3, as before", "4"))
    meaning = Check("Custom check failed: `meaning`", written)
    status = Check("Undocumented HTTP status code", "Received: 418")
    key, host = "-H 'authorization: Bearer sk_contract'", "-H 'host: sandbox.invalid'"
    line = f"curl -X GET {key} {host} 'http://sandbox.invalid/v1/x?a=1'"
    group = BaseExceptionGroup(f"Reproduce with:\n\n    {line}\n\n", [meaning, status])

    found = causes_of(group, pairs)

    assert [(cause.relation, cause.rule, cause.pointer) for cause in found] == [
        ("meaning", "order", "/data/*/price"),
        ("server -> spec", "Undocumented HTTP status code", ""),
    ]
    assert (found[0].expected, found[0].found) == ("at most 3, as before", "4")
    (curl,) = {cause.curl for cause in found}
    assert curl == (
        "curl -X GET -H 'authorization: Bearer sk_sandbox_0000' 'http://127.0.0.1:8000/v1/x?a=1'"
    )


def test_a_wrong_key_stays_wrong_in_a_command_to_paste() -> None:
    (line,) = curls_in("| curl -H 'Authorization: Bearer wrong' 'http://sandbox.invalid/v1/x'")
    assert line == "curl -H 'Authorization: Bearer wrong' 'http://127.0.0.1:8000/v1/x'"
    assert curls_in("nothing to paste") == []


def test_another_exception_says_where_it_was_raised() -> None:
    try:
        assert [] == 5
    except AssertionError as error:
        (cause,) = causes_of(error, [PAIR])
    assert cause.rule.startswith("AssertionError at tests/conformance/test_broken.py:")
    assert cause.found
    assert (cause.pair, cause.case) == (("", ""), "meaning, shop_list")
    assert causes_of(KeyError(), [])[0].title == "KeyError"


def test_a_violation_names_its_rule_and_a_request_has_no_response() -> None:
    of_request = Violation(OPERATION, "", "query", "a=1", "b=1")
    of_response = Violation(OPERATION, "", "type", "type object", "[]")
    assert str(of_request) == "shop_list (query): expected a=1, found b=1"
    assert (
        str(of_response) == "shop_list (type): the whole response: expected type object, found []"
    )
    assert str(of_response._replace(pointer="/data")).startswith(
        "shop_list (type): /data: expected"
    )


def test_what_broke_is_written_with_a_command_each() -> None:
    many = [Cause(*PAIR, f"rule-{n}", "/x", "3", "4 " * 300, times=2) for n in range(12)]
    commands = {cause.title: "python -m pytest 'x[a b]'" for cause in many}
    lines = list(broken(many, commands))
    assert lines[0] == "BROKEN  meaning · shop_list · rule-0 at /x (2 times)"
    assert lines[3] == "        python -m pytest 'x[a b]'"
    assert lines[1:3] == ["        expected 3", f"        found    {'4 ' * 31}…"]
    assert lines[-1] == "… and 2 causes more: meaning"
    (elsewhere,) = [
        line for line in broken([many[0]._replace(also=("/y",))], commands) if "/y" in line
    ]
    assert elsewhere == "        also at /y"
    assert max(map(len, lines)) <= 80


def test_the_table_stays_within_80_columns() -> None:
    name = "an_operation_with_a_name_that_is_far_too_long"
    counts = {(relation, name): Count(123456, 12345, 0) for relation in RELATIONS}
    reasons = {("meaning", name): "no code, no rows, not paged, no sort, no filters, no echoes"}
    lines = list(table(counts, reasons))
    assert max(map(len, lines)) <= 80
    assert len(lines) == len(RELATIONS) + 3


# --- The page ---------------------------------------------------------------------------------

CAUSE = Cause(*PAIR, "order", "/data/*/price", "at most <3>", "4", "asc", curl="curl 'http://x'")
FAILED = FailedTest("tests/x.py::test_a[b]", "its text", "python -m pytest 'tests/x.py::a[b]'")


def written(**more: Any) -> str:
    known: dict[str, Any] = {"counts": {PAIR: Count(3, 2, 0)}, "tests": 9}
    return page(Report(**{**known, **more}))


def test_a_page_begins_with_the_verdict_then_what_broke_then_the_table() -> None:
    commands = {CAUSE.title: FAILED.command}
    text = written(
        failed=[FAILED], causes=[CAUSE], commands=commands, revision=[("Checkout", "v1")]
    )

    places = [
        text.index(words)
        for words in (
            *("Broken: 1 cause</h1>", "1 of 9 tests failed", "<dt>Checkout</dt><dd>v1</dd>"),
            *("What broke", "at most &lt;3&gt;", "python -m pytest &#39;tests/x.py::a[b]&#39;"),
            *("curl &#39;http://x&#39;", "<table>", "Every test that failed", "its text"),
        )
    ]
    assert places == sorted(places)


def test_a_page_of_a_kept_contract_says_so() -> None:
    assert "<h1>Kept</h1>" in written()
    assert "What broke" not in written()
    assert "Broken: 1 forgotten" in written(forgotten=["meaning, shop_list"])


def test_each_relation_is_named_where_its_column_has_no_head() -> None:
    for number, relation in enumerate(RELATIONS, 2):
        assert f'td:nth-child({number})::before {{ content: "{relation}"; }}' in written()


# --- What changed -----------------------------------------------------------------------------


def commit(folder: Path, text: str, subject: str) -> None:
    file = folder / "generated/package/openapi.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", subject]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)  # noqa: S607


def test_a_report_says_since_which_change(tmp_path: Path) -> None:
    def document(kind: str, **statuses: dict[str, Any]) -> str:
        paths = {
            f"/{name}": {"get": {"operationId": name, "responses": responses}}
            for name, responses in statuses.items()
        }
        row = {"$ref": "#/components/schemas/Row"}
        schemas = {"List": {"items": row}, "Row": {"type": kind}, "Other": {"type": kind}}
        return json.dumps({"paths": paths, "components": {"schemas": schemas}})

    rows = {"200": {"schema": {"$ref": "#/components/schemas/List"}}}
    old = document("string", a={}, b={}, same={}, rows=rows)
    new = document("integer", a={"200": {}}, c={}, same={}, rows=rows)
    commit(tmp_path, old, "First")
    commit(tmp_path, new, "Vendor the page")
    (tmp_path / "other.py").write_text("1")
    commit(tmp_path, new, "Something else")
    (tmp_path / "other.py").write_text("2")

    found = revision(tmp_path, Specification({"info": {"title": "T", "version": "7"}, "paths": {}}))

    assert found.specification.startswith("T 7 (sha256 ")
    assert found.checkout.endswith("Something else")
    assert found.changed.endswith("Vendor the page")
    assert found.operations == ("changed a", "removed b", "changed rows", "added c")
    assert found.uncommitted == ("other.py",)
    assert [word for word, _ in found.lines()] == [
        *("Specification", "Last changed", "Checkout", "Not committed")
    ]


def test_a_specification_that_was_no_json_is_passed_over(tmp_path: Path) -> None:
    for text in ("not JSON", "[]", '{"paths": {"/a": {"get": {"operationId": "a"}}}}'):
        commit(tmp_path, text, text)
    (tmp_path / "openapi/pages").mkdir(parents=True)
    (tmp_path / "openapi/pages/a.md").write_text("a")
    assert revision(tmp_path, None).operations == ("added a",)
    commit(tmp_path, '{"paths": {"/a": {"get": {"operationId": "a"}}}}', "A page")
    found = revision(tmp_path, None)
    assert found.operations == ()
    assert dict(found.lines())["Last changed"].endswith(" A page")


def test_without_git_there_is_the_specification_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(revision(tmp_path, None).lines()) == []


def test_outside_of_a_checkout_there_is_the_specification_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert list(revision(tmp_path, None).lines()) == []
