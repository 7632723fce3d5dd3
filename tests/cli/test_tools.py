"""`keyapi doctor`, `keyapi sandbox` and `keyapi demo`."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from keyapi import _clients
from keyapi.cli import demo, doctor, examples
from keyapi.specification import Argument, Sort
from keyapi_example import TikTok

from .conftest import KEY, PATH, USER_ID, Keyapi, Server

Start = Callable[..., "subprocess.Popen[bytes]"]

# --- doctor -----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _wide(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COLUMNS", "200")


def test_doctor_finds_everything_in_place_without_a_paid_request(
    keyapi: Keyapi, server: Server
) -> None:
    done = keyapi("doctor")

    assert done.code == 0
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["ok", "key"],
        ["ok", "versions"],
        ["ok", "extras"],
        ["ok", "tiktok"],
        ["ok", "server"],
    ]
    assert f"KEYAPI_TOKEN, {len(KEY)} characters, begins with sk_live_" in done.out
    assert KEY not in done.out
    assert re.search(
        r"9 operations; specification sha256 [0-9a-f]{16}, file of \d{4}-\d\d-\d\d, \d+ days? old",
        done.out,
    )
    assert [(method, path) for method, path, _, _ in server.requests] == [("HEAD", "/")]


def test_doctor_makes_one_paid_request_having_said_so(keyapi: Keyapi, server: Server) -> None:
    done = keyapi("doctor", "--live")

    assert done.code == 0
    assert done.said == ["Making one paid request: influencer_products_analytics, 1 credit."]
    (_, live) = done.out.rsplit("live", 1)
    assert live.strip() == "influencer_products_analytics succeeded, 1 row"
    paid = [(path, query["user_id"]) for method, path, query, _ in server.requests[1:]]
    assert paid == [(PATH, USER_ID)]


def test_doctor_tells_why_a_paid_request_failed(keyapi: Keyapi, server: Server) -> None:
    server.always = (402, {"code": 402, "message": "quota", "data": None})
    done = keyapi("doctor", "--live")
    assert (done.code, done.out.splitlines()[-1].split()[:2]) == (3, ["FAILED", "live"])


def test_doctor_pays_for_nothing_where_something_failed(
    keyapi: Keyapi, server: Server, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("KEYAPI_TOKEN")
    done = keyapi("doctor", "--live")

    assert done.code == 2
    assert "set KEYAPI_TOKEN, or use --token-file" in done.out
    assert done.said == ["No paid request was made; fix what failed first."]
    assert [method for method, *_ in server.requests] == ["HEAD"]


@pytest.mark.parametrize(
    ("key", "code", "found"),
    [
        ("your_token_here", 2, "placeholder"),
        (
            "abc",
            0,
            "KEYAPI_TOKEN, 3 characters; KeyAPI's keys begin with sk_live_",
        ),
    ],
)
def test_doctor_tells_a_key_that_may_be_none(
    keyapi: Keyapi, environment: pytest.MonkeyPatch, key: str, code: int, found: str
) -> None:
    environment.setenv("KEYAPI_TOKEN", key)
    done = keyapi("doctor")
    assert done.code == code
    assert found in done.out


def test_doctor_reads_the_key_from_a_file(keyapi: Keyapi, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk_test_1")
    out = keyapi("doctor", "--token-file", tmp_path / "key").out
    assert f"{tmp_path / 'key'}, 9 characters, begins with sk_test_" in out


@pytest.mark.parametrize(
    ("url", "code", "found"),
    [
        ("http://127.0.0.1:1", 1, "cannot be reached"),
        ("nowhere", 2, "not a valid http or https URL"),
    ],
)
def test_doctor_tells_a_server_that_cannot_be_asked(
    keyapi: Keyapi, url: str, code: int, found: str
) -> None:
    done = keyapi("doctor", "--base-url", url)
    assert done.code == code
    assert found in done.out


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_doctor_names_a_variable_that_cannot_be_used(
    keyapi: Keyapi, environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv(name, "socks://proxy")
    done = keyapi("doctor")
    assert done.code == 2
    assert re.search(rf"FAILED +server +{name} is not the URL of", done.out)


def test_doctor_tells_that_no_client_is_installed(
    keyapi: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(_clients, "installed", dict)
    done = keyapi("doctor")
    assert done.code == 2
    assert "pip install keyapi-tiktok" in done.out


def test_doctor_lists_the_extras(keyapi: Keyapi, environment: pytest.MonkeyPatch) -> None:
    environment.setattr(doctor, "_EXTRAS", {"rate": "pyrate_limiter", "cache": "no_such_module"})
    assert "rate; not installed: cache" in keyapi("doctor").out
    environment.setattr(doctor, "_EXTRAS", {"rate": "pyrate_limiter"})
    assert re.search(r"extras +rate *\n", keyapi("doctor").out)
    environment.setattr(doctor, "_EXTRAS", {"cache": "no_such_module"})
    assert "none; not installed: cache" in keyapi("doctor").out


def test_doctor_needs_an_operation_with_an_example_to_pay_for(
    keyapi: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(examples, "documented", lambda commands: None)
    done = keyapi("doctor", "--live")
    assert (done.code, "no operation has examples" in done.out) == (2, True)


def test_doctor_can_pay_for_an_operation_without_rows(
    keyapi: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    call = SimpleNamespace(on=lambda client: dict)
    spec = SimpleNamespace(credits=2, name="video_detail", items=None)
    found = (SimpleNamespace(spec=spec, call=call), {})
    environment.setattr(examples, "documented", lambda commands: found)
    done = keyapi("doctor", "--live")
    assert done.said == ["Making one paid request: video_detail, 2 credits."]
    assert done.out.rstrip().endswith("video_detail succeeded")


# --- sandbox ----------------------------------------------------------------------------------


@pytest.fixture
def stand_in(environment: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the sandbox was run with, in its place."""
    faults = {"null": "a null", "html-502": "an HTML page"}
    described = {name: SimpleNamespace(description=text) for name, text in faults.items()}
    module = SimpleNamespace(FAULTS=described, calls=[])

    def run(platform: str | None, *, report: Any, **options: Any) -> None:
        module.calls.append((platform, options))

    module.run = run
    environment.setitem(sys.modules, "keyapi.sandbox", module)
    return module


def test_the_sandbox_is_run_with_the_options_that_were_given(
    keyapi: Keyapi, stand_in: SimpleNamespace
) -> None:
    options = "--port 8000 --key k --credits 5 --qps 2 --seed 1 --latency 0.1 --strict --control"
    faults = ("--fault", "html-502@2", "--fault", "null")
    assert keyapi("sandbox", *options.split(), *faults, "--platform", "tiktok").code == 0
    assert keyapi("sandbox").code == 0

    assert stand_in.calls == [
        (
            "tiktok",
            {
                "port": 8000,
                "key": "k",
                "credits": 5,
                "qps": 2,
                "seed": 1,
                "faults": ["html-502@2", "null"],
                "latency": 0.1,
                "strict": True,
                "control": True,
            },
        ),
        (None, {}),
    ]


def test_the_sandbox_lists_what_can_go_wrong(keyapi: Keyapi, stand_in: SimpleNamespace) -> None:
    done = keyapi("sandbox", "--list-faults")
    assert done.out == "null      a null\nhtml-502  an HTML page\n"
    assert stand_in.calls == []


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("no fault is called x"), 2, "no fault is called x"),
        (
            OSError(98, "Address already in use"),
            1,
            (
                "Cannot serve on the default port: Address already in use; try another --port, "
                "or 0 for a free one"
            ),
        ),
    ],
)
def test_a_sandbox_that_cannot_be_run_says_why_in_one_line(
    keyapi: Keyapi, stand_in: SimpleNamespace, error: Exception, code: int, said: str
) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise error

    stand_in.run = run
    done = keyapi("sandbox")
    assert (done.code, done.said) == (code, [said])


@pytest.mark.parametrize(
    ("option", "text", "problem"),
    [
        ("--port", "65536", "must be between 0 and 65535, got 65536"),
        ("--qps", "0", "must be 1 or greater, got 0"),
        ("--latency", "-0.5", "must be 0 or greater, got -0.5"),
        ("--key", " ", "--key must not be empty"),
    ],
)
def test_an_option_out_of_range_is_refused_before_the_sandbox_is_served(
    keyapi: Keyapi, stand_in: SimpleNamespace, option: str, text: str, problem: str
) -> None:
    done = keyapi("sandbox", option, text)
    assert (done.code, stand_in.calls) == (2, [])
    assert problem in done.said[0]


def test_the_line_to_try_works_and_ctrl_c_ends_the_sandbox(
    process: Start, keyapi: Keyapi, environment: pytest.MonkeyPatch
) -> None:
    server: Any = process("sandbox", "--port", "0", text=True)
    assert server.stdout is not None
    lines = [server.stdout.readline() for _ in range(5)]
    assert lines[0].startswith("Serving TikTok's API at ")
    assert lines[0].endswith("; press Ctrl-C to stop.\n")
    assert lines[1] == "Key: sk_sandbox_0000\n"
    settings, command = lines[3].split()[:2], lines[4].split()[1:]
    for setting in settings:
        environment.setenv(*setting.split("="))
    tried = keyapi(*command)
    assert tried.code == 0, tried.err
    assert len(tried.rows) == 10
    server.send_signal(signal.SIGINT)
    assert server.communicate(timeout=20)[1] == ""
    assert server.returncode == 0


def test_the_sandbox_says_where_it_is_and_what_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    from keyapi.cli.sandbox import _report
    from keyapi.sandbox import Sandbox

    _report(Sandbox(control=True), "http://127.0.0.1:1")
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("Control: http://127.0.0.1:1/_sandbox/")
    assert lines[4:] == [
        "  KEYAPI_BASE_URL=http://127.0.0.1:1 KEYAPI_TOKEN=sk_sandbox_0000 \\",
        f"  keyapi influencer products-analytics --user-id {USER_ID}",
    ]


def test_a_sandbox_of_a_specification_without_examples_names_none(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch
) -> None:
    from keyapi.cli import sandbox

    environment.setattr(examples, "documented", lambda commands: None)
    spec = SimpleNamespace(operations={"influencer_products_analytics": SimpleNamespace()})
    served = SimpleNamespace(key="k", spec=spec, clients={"tiktok": TikTok}, control=False)
    sandbox._report(served, "http://x")
    assert capsys.readouterr().out.endswith("Key: k\n")


@pytest.mark.parametrize("tool", ["sandbox", "demo"])
def test_tools_without_their_extra_say_what_to_install(
    keyapi: Keyapi, environment: pytest.MonkeyPatch, tool: str
) -> None:
    environment.setitem(sys.modules, "keyapi.sandbox", None)
    done = keyapi(tool)
    needed = "The sandbox needs more packages: pip install 'keyapi-tiktok[sandbox]'"
    assert (done.code, done.said) == (2, [needed])


# --- demo -------------------------------------------------------------------------------------


def test_the_demo_shows_a_table_a_retry_a_stop_and_what_it_cost(keyapi: Keyapi) -> None:
    began = time.monotonic()
    done = keyapi("demo", "--platform", "tiktok")

    assert done.code == 0, done.err
    assert "$ keyapi influencer products-analytics --user-id" in done.out
    assert len(re.findall(r"^[0-9]{19} ", done.out, re.MULTILINE)) == 10
    assert "sent again in" in done.err
    assert "Stopped: " in done.out
    assert re.search(r"Ledger: \d+ requests, 5 credits charged, 0 credits left\.", done.out)
    assert time.monotonic() - began < 30  # 5 s on a machine with nothing else to do


def test_the_demo_needs_an_operation_with_an_example(
    keyapi: Keyapi, stand_in: SimpleNamespace, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(examples, "documented", lambda commands: list(commands) and None)
    done = keyapi("demo")
    assert (done.code, len(done.said)) == (2, 1)
    assert "documented examples" in done.said[0]


def test_the_demo_needs_to_know_which_client(
    keyapi: Keyapi, stand_in: SimpleNamespace, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(_clients, "installed", lambda: {"a": TikTok, "b": TikTok})
    done = keyapi("demo")
    assert (done.code, done.said) == (2, ["Name the client; installed: a, b."])


@pytest.mark.parametrize(
    ("sort", "chosen"),
    [
        (None, {}),
        (Sort("f", None), {"by": 1}),
        (Sort("f", "d"), {"by": 1}),
        (Sort("f", "e"), {"by": 1, "way": 9}),
    ],
)
def test_the_demo_sorts_by_what_can_be_sorted_by(sort: Sort | None, chosen: dict[str, int]) -> None:
    def argument(name: str, **members: int) -> Argument:
        schema = {"enum": list(members.values()), "x-enum-varnames": list(members)}
        return Argument(name, "query", False, schema)

    arguments = {"f": argument("f", a=1, b=2), "d": argument("d", up=1), "e": argument("e", desc=9)}
    call = SimpleNamespace(wire={"by": "f", "other": "d", "way": "e"})
    command = SimpleNamespace(spec=SimpleNamespace(sort=sort, arguments=arguments), call=call)
    assert demo._sorting(command) == chosen  # type: ignore[arg-type]


def test_a_sandbox_that_never_refuses_ends_the_demo_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    walks: list[dict[str, Any]] = []
    walk = SimpleNamespace(on=lambda calls: lambda **given: walks.append(given) or ["a row"])
    demo._walk_until_refused(None, SimpleNamespace(walk=walk), {"a": 1})  # type: ignore[arg-type]
    assert (len(walks), capsys.readouterr().out) == (6, "")


def test_a_package_without_its_specification_is_told() -> None:
    diagnosis = doctor._specification("tiktok", SimpleNamespace(_package="json"))  # type: ignore[arg-type]
    assert diagnosis.code == 2
    assert diagnosis.text == "json/openapi.json is missing: install the package again"
