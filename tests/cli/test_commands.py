"""What is asked for, how it is refused, and with which exit code."""

from __future__ import annotations

import io
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from keyapi import ServerError, _clients
from keyapi._client import SyncClient
from keyapi._options import OPTIONS
from keyapi.cli import main
from keyapi.cli.app import TOOLS, build
from keyapi.cli.messages import explain
from keyapi.cli.options import CommandOptions, Options
from keyapi_example import TikTok

from .conftest import COMMAND, EXAMPLE, KEY, PATH, USER_ID, Keyapi, Server, product

Start = Callable[..., "subprocess.Popen[bytes]"]


def refusal(code: int, message: str = "no") -> tuple[int, dict[str, Any]]:
    return code, {"code": code, "message": message, "data": None}


# --- Asking -----------------------------------------------------------------------------------


def test_a_command_makes_one_request_and_gives_its_rows(products: Keyapi, server: Server) -> None:
    done = products()

    assert (done.code, done.rows) == (0, EXAMPLE["data"])
    query = {"user_id": USER_ID, "page_num": "1", "page_size": "10"}
    assert server.requests == [("GET", PATH, query, None)]


@pytest.mark.parametrize(
    ("field", "direction"),
    [("total-sale-gmv-amt", "desc"), ("TOTAL_SALE_GMV_AMT", "Desc"), ("2", "1")],
)
def test_members_of_enums_are_given_by_name_or_number(
    products: Keyapi, server: Server, field: str, direction: str
) -> None:
    done = products("--influencer-product-sort-field", field, "--sort-type", direction)

    assert done.code == 0
    (_, _, query, _) = server.requests[0]
    assert (query["influencer_product_sort_field"], query["sort_type"]) == ("2", "1")


def test_all_walks_to_the_limit_and_asks_for_no_page_more(products: Keyapi, server: Server) -> None:
    server.holds(300)
    done = products("--all", "--limit", "195")

    assert [row["product_id"] for row in done.rows] == [
        row["product_id"] for row in server.rows[:195]
    ]
    assert server.pages == list(range(1, 21))
    assert re.fullmatch(
        r"20 pages, 195 rows, 20 credits, \d+\.\d s, \d+\.\d pages/s", done.said[-1]
    )


@pytest.mark.parametrize(
    ("arguments", "pages"),
    [
        (("--all",), [1, 2, 3]),
        (("--limit", "12"), [1, 2]),
        (("--max-pages", "2"), [1, 2]),
        (("--all", "--start-page", "2"), [2, 3]),
        (("--page-num", "3"), [3]),
        (("--limit", "0"), []),
    ],
)
def test_pages_are_asked_for_as_told(
    products: Keyapi, server: Server, arguments: tuple[str, ...], pages: list[int]
) -> None:
    server.holds(25)
    assert products(*arguments).code == 0
    assert server.pages == pages


def test_the_platforms_name_may_come_first(keyapi: Keyapi, server: Server) -> None:
    assert keyapi("tiktok", *COMMAND).rows == EXAMPLE["data"]


def test_with_several_clients_the_platforms_name_comes_first(
    keyapi: Keyapi, environment: pytest.MonkeyPatch, server: Server
) -> None:
    environment.setattr(_clients, "installed", lambda: {"other": TikTok, "tiktok": TikTok})

    assert keyapi("other", *COMMAND).code == 0
    refused = keyapi(*COMMAND)
    assert refused.code == 2
    assert "other, tiktok" in refused.said[0]
    assert "Operations of TikTok." in keyapi("--help").out


def test_the_key_is_read_from_a_file(
    products: Keyapi, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("KEYAPI_TOKEN")
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert products("--token-file", tmp_path / "key").code == 0


def test_the_key_is_the_first_line_of_stdin(
    products: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("KEYAPI_TOKEN")
    reader, writer = os.pipe()
    os.write(writer, f"{KEY}\nmore".encode())
    with open(reader) as stdin:
        environment.setattr(sys, "stdin", stdin)
        done = products("--token-file", "-")  # which does not wait for the end of the pipe
    os.close(writer)
    assert (done.code, done.rows) == (0, EXAMPLE["data"])


def test_a_cached_answer_costs_nothing(products: Keyapi, tmp_path: Path) -> None:
    first = products("--cache", tmp_path / "cache")
    second = products("--cache", tmp_path / "cache")

    assert first.rows == second.rows
    assert second.said == ["1 page, 1 row, 0 credits, 1 from the cache"]


def test_breaches_of_the_contract_are_said(products: Keyapi, server: Server) -> None:
    server.rows = [product(1, total_sale_cnt="many")]
    done = products("--contract", "warn")

    assert done.code == 0
    assert "total_sale_cnt" in done.said[0]


# --- Refusing ---------------------------------------------------------------------------------

UNUSABLE = {
    "an unknown resource": (("influencr",), 'Did you mean "influencer"?'),
    "an unknown operation": (("influencer", "product-analytics"), '"products-analytics"?'),
    "a misspelt option": ((*COMMAND, "--sort-typ", "asc"), "Did you mean --sort-type?"),
    "an unknown member": ((*COMMAND, "--sort-type", "up"), "'up' is not one of asc (0), desc (1)"),
    "a missing parameter": (COMMAND[:2], "--user-id is missing: Creator user ID"),
    "an option without a value": (COMMAND[:3], "--user-id needs a value"),
    "a value that begins with a hyphen": (
        (*COMMAND, "--rate", "-5/s"),
        "--rate needs a value, but -5/s follows it; if that is the value, write --rate=-5/s",
    ),
    "a hidden end of the options": ((*COMMAND[:3], "--"), "--user-id needs a value"),
    "an option given twice": ((*COMMAND, "--limit", "1", "--limit", "2"), "--limit is given more"),
    "a flag with a value": ((*COMMAND, "--raw=maybe"), "--raw is a flag and takes no value"),
    "a value without an option": ((*COMMAND, "x"), "unexpected argument 'x'"),
    "an empty parameter": ((*COMMAND[:3], ""), "for --user-id: must not be empty"),
    "an empty parameter that is optional": (
        (*COMMAND, "--category-id", ""),
        "for --category-id: must not be empty; to leave it unset, omit the option",
    ),
    "a page size too large": ((*COMMAND, "--page-size", "11"), "between 1 and 10, got 11"),
    "no whole number": ((*COMMAND, "--limit", "1.5"), "'1.5' is not a whole number"),
    "a number below 0": ((*COMMAND, "--limit", "-1"), "must be 0 or greater, got -1"),
    "no time": ((*COMMAND, "--timeout", "soon"), "'soon' is not a number"),
    "no time at all": ((*COMMAND, "--timeout", "0"), "must be greater than 0, got 0"),
    "an unknown format": ((*COMMAND, "--format", "xml"), '"table", "json", "jsonl", "csv"'),
    "a misspelt column": ((*COMMAND, "--columns", "prodct_id"), "did you mean product_id?"),
    "an unknown column": ((*COMMAND, "--columns", "zzz"), "choose from category_id, "),
    "no column": ((*COMMAND, "--columns", ","), "--columns names no column"),
    "columns of raw answers": (
        (*COMMAND, "--raw", "--columns", "all"),
        "--raw cannot be combined with --format",
    ),
    "one page of a walk": ((*COMMAND, "--all", "--page-num", "2"), "use --start-page instead"),
    "the start of no walk": ((*COMMAND, "--start-page", "2"), "use --page-num for a single"),
    "no rate": ((*COMMAND, "--rate", "fast"), "like '5/s'"),
    "a key of others": ((*COMMAND, f"--token={KEY}"), "set KEYAPI_TOKEN, or use --token-file"),
    "an option for a file": ((*COMMAND, "--output", "--raw"), "--raw is an option"),
    "an empty path": ((*COMMAND, "--output", ""), "for --output: the path is empty"),
    "a missing folder": ((*COMMAND, "--output", "/no/x"), "the folder /no does not exist"),
    "a file for the key that is none": ((*COMMAND, "--token-file", "/no/key"), "No such file"),
    "no address": ((*COMMAND, "--base-url", "ftp://x"), "pass --base-url or set KEYAPI_BASE_URL"),
}


@pytest.mark.parametrize(("arguments", "fix"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_gets_one_line_with_the_fix(
    keyapi: Keyapi, server: Server, arguments: tuple[str, ...], fix: str
) -> None:
    done = keyapi(*arguments)

    assert (done.code, done.out, len(done.said)) == (2, "", 1)
    assert fix in done.said[0]
    assert KEY not in done.err
    assert server.requests == []


def test_no_key_is_said_with_what_to_set(
    products: Keyapi, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("KEYAPI_TOKEN")
    assert products().said == ["No API key found; set KEYAPI_TOKEN, or use --token-file FILE"]
    (tmp_path / "key").write_bytes(b"\xff")
    assert "not a text file" in products("--token-file", tmp_path / "key").err


# --- Failing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (refusal(400, "bad"), 1, "bad (HTTP 400, code 400). See the command's --help."),
        (refusal(401, "apiKey is null"), 1, "Check the key in KEYAPI_TOKEN or --token-file."),
        (refusal(402, "out"), 3, "out (HTTP 402, code 402). Top up"),
        (refusal(500, "Usage Limit Exceeded"), 3, "Top up"),
        (refusal(404, "not indexed"), 1, "KeyAPI has not collected it"),
        (refusal(503, "busy!"), 1, "busy! (HTTP 503, code 503). Try again later."),
        ((200, {"code": 403, "message": f"{KEY} may not", "data": None}), 1, "[key] may not"),
        ((200, b"<html>"), 1, "The response is HTML (HTTP 200)."),
        ((200, {**EXAMPLE, "data": {}}), 1, "/data is dict, not a list of rows"),
    ],
)
def test_an_error_is_said_in_one_line_with_its_exit_code(
    products: Keyapi, server: Server, answer: tuple[int, Any], code: int, said: str
) -> None:
    server.always = answer
    done = products("--max-retries", "0")

    assert (done.code, done.out) == (code, "")
    assert said in done.said[0]
    assert done.said[1:] == ["0 pages, 0 rows, 1 credit"]
    assert KEY not in done.err


def test_no_answer_is_an_error_of_the_api(products: Keyapi) -> None:
    done = products("--base-url", "http://127.0.0.1:1", "--max-retries", "0")
    assert done.code == 1
    assert "the server's address (--base-url) and --timeout." in done.said[0]


def test_what_is_said_goes_nowhere_if_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    assert main(["influencr"]) == 2


def test_a_remedy_follows_a_full_stop_once() -> None:
    assert explain(ServerError("It broke")) == "It broke. Try again later."
    assert explain(ServerError("It broke.")) == "It broke. Try again later."


def test_a_retry_is_said_unless_it_shall_be_quiet(products: Keyapi, server: Server) -> None:
    server.always = refusal(502)
    loud, quiet = products("--max-retries", "1"), products("--max-retries", "1", "-q")

    assert "sent again in" in loud.said[0]
    assert [line for line in quiet.said if "sent again" in line] == []
    assert "2 attempts" in quiet.said[0]


def test_a_budget_ends_a_walk_before_the_request_beyond_it(
    products: Keyapi, server: Server
) -> None:
    server.holds(50)
    done = products("--all", "--max-credits", "2")

    assert (done.code, len(done.rows), server.pages) == (3, 20, [1, 2])
    assert "Raise --max-credits." in done.said[0]
    assert done.said[1:3] == ["20 rows were written.", "Resume with --start-page 3 --all"]


def test_an_error_in_a_walk_keeps_its_rows_and_says_how_to_go_on(
    products: Keyapi, server: Server
) -> None:
    server.holds(50)
    server.answers[3] = refusal(404, "gone")
    done = products("--limit", "45", "--max-pages", "9")

    assert (done.code, len(done.rows)) == (1, 20)
    assert done.said[1:3] == [
        "20 rows were written.",
        "Resume with --start-page 3 --limit 25 --max-pages 7",
    ]


def test_a_walk_that_cannot_start_is_not_to_be_resumed(products: Keyapi, server: Server) -> None:
    done = products("--all", "--start-page", "0")

    assert (done.code, server.requests, len(done.said)) == (2, [], 1)


def test_a_walk_that_fails_at_once_says_where_it_started(products: Keyapi, server: Server) -> None:
    server.answers[2] = refusal(404)
    done = products("--all", "--start-page", "2")

    assert (done.code, done.out) == (1, "")
    assert done.said[1] == "Resume with --start-page 2 --all"


def test_a_server_that_repeats_pages_is_no_place_to_go_on(products: Keyapi, server: Server) -> None:
    server.holds(10)
    server.answers[2] = (200, {**EXAMPLE, "data": server.rows})
    done = products("--all")

    assert (done.code, len(done.rows)) == (1, 10)
    assert [line for line in done.said if "Go on" in line] == []


# --- Interrupting -----------------------------------------------------------------------------


def test_an_interrupt_keeps_what_was_fetched_and_says_how_to_go_on(
    process: Start, server: Server
) -> None:
    server.holds(50)
    server.waits = {3}
    started = process(*COMMAND, "--all")
    assert server.arrived.wait(30)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=30)

    assert (started.returncode, out.count(b"\n")) == (130, 20)
    assert b"Interrupted.\n" in err
    assert b"Resume with --start-page 3 --all\n" in err
    assert b"Traceback" not in err


def test_an_interrupt_before_any_request_ends_quietly(
    keyapi: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    environment.setattr("keyapi.cli.run.Run.__call__", interrupted)
    done = keyapi(*COMMAND)
    assert (done.code, done.said) == (130, ["Interrupted."])


def test_an_interrupt_of_a_walk_in_this_process_gives_130(
    products: Keyapi, server: Server, environment: pytest.MonkeyPatch
) -> None:
    server.holds(50)
    call = SyncClient._call

    def interrupted(client: SyncClient, operation: Any, arguments: Any, take: Any) -> Any:
        if arguments["page_num"] == 2:
            raise KeyboardInterrupt
        return call(client, operation, arguments, take)

    environment.setattr(SyncClient, "_call", interrupted)
    done = products("--all")
    assert (done.code, len(done.rows)) == (130, 10)
    assert done.said[:3] == [
        "Interrupted.",
        "10 rows were written.",
        "Resume with --start-page 2 --all",
    ]


def test_a_pipe_that_is_closed_ends_the_command_quietly(
    keyapi: Keyapi, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def closed(*_: object) -> None:
        raise BrokenPipeError

    environment.setattr("keyapi.cli.run.Run.__call__", closed)
    with open(tmp_path / "out", "w") as stdout:
        environment.setattr(sys, "stdout", stdout)
        code = main([*COMMAND])
        stdout.write("what the interpreter flushes at its end")
    assert (code, (tmp_path / "out").read_text()) == (0, "")


# --- The program ------------------------------------------------------------------------------


def test_the_version_is_told_without_slow_imports() -> None:
    program = "import sys; from keyapi.cli import main; main(['--version']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    version, modules = done.stdout.splitlines()
    assert re.fullmatch(r"keyapi-tiktok \d+\.\d+\.\d+", version)
    assert not {"cyclopts", "httpx", "rich"} & set(modules.split())


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    assert main(["influencer"]) == 2
    assert capsys.readouterr().err == (
        "keyapi needs more packages: pip install 'keyapi-tiktok[cli]'\n"
    )


def test_arguments_are_taken_from_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["keyapi", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("keyapi", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("keyapi-tiktok ")


def test_an_installation_without_metadata_has_no_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    main(["--version"])
    assert capsys.readouterr().out == "keyapi-tiktok (not installed)\n"


def test_help_of_the_program_names_operations_tools_and_exit_codes(keyapi: Keyapi) -> None:
    out = keyapi("--help").out
    for part in ("influencer", "products-analytics", "doctor", "demo", "sandbox", "Exit codes: 0"):
        assert part in out


def test_help_of_an_operation_says_what_the_page_says(keyapi: Keyapi) -> None:
    out = " ".join(keyapi(*COMMAND[:2], "--help").out.split())
    for part in (
        "Influencer Products (Analytics).",
        "Without a sort field, products reportedly come in showcase order.",
        "One request costs 1 credit.",
        "* --user-id TEXT",
        "--influencer-product-sort-field",
        "Sort order: asc (0), desc (1).",
        "--start-page",
    ):
        assert part in out


def test_completion_offers_members_of_enums(keyapi: Keyapi) -> None:
    done = keyapi("__complete", *COMMAND[:2], "--sort-type", "")
    assert {"asc", "desc"} <= set(done.out.split())


def test_completion_can_be_installed(
    keyapi: Keyapi, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("HOME", str(tmp_path))
    environment.setenv("SHELL", "/bin/bash")
    done = keyapi("--install-completion", "--shell", "bash")
    assert done.code == 0, done.err
    (script,) = tmp_path.rglob("bash-completion/completions/keyapi")
    assert "products-analytics" in script.read_text()


@pytest.mark.parametrize(
    ("words", "resources", "operations"),
    [
        (("influencer", "products-analytics"), {"influencer"}, {"products-analytics"}),
        (("tiktok", "influencer"), {"influencer"}, {"products-analytics"}),
        (("video", "serch"), {"video"}, {"search", "video-id-detail"}),
        (("influencr", "products-analytics"), {"influencer", "video", "shop", "feed"}, None),
        ((), {"influencer", "video", "shop", "feed"}, None),
    ],
)
def test_only_commands_that_may_be_meant_are_made(
    environment: pytest.MonkeyPatch,
    words: tuple[str, ...],
    resources: set[str],
    operations: set[str] | None,
) -> None:
    def commands(app: Iterable[str]) -> set[str]:
        return {name for name in app if not name.startswith("-")}

    app = build(words)
    assert commands(app) - {*TOOLS, "tiktok"} == resources
    if operations is not None:
        (resource,) = resources
        assert commands(app[resource]) == operations


def test_the_clients_module_is_not_needed_for_the_tools(
    keyapi: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(_clients, "installed", lambda: pytest.fail("it was asked"))
    assert "--list-faults" in keyapi("sandbox", "--help").out


def test_the_clients_options_are_those_it_declares_for_the_command_line() -> None:
    declared = {name: option.default for name, option in OPTIONS.items() if option.flag}
    added = {field.name: field.default for field in fields(CommandOptions)}
    assert {name: added[name] for name in declared} == declared
    assert not OPTIONS.keys() & {field.name for field in fields(Options)}


def test_a_time_limit_is_taken(products: Keyapi, server: Server) -> None:
    assert products("--timeout", "60").code == 0
    assert len(server.requests) == 1
