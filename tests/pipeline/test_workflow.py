"""From pages to a working client, as maintainers use it: through the scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from conftest import Script, run_script, tree
from keyapi.sandbox import Sandbox
from pipeline.cli import ROOT
from pipeline.errors import PipelineError
from regenerate import regenerate
from support.page_shapes import ZOO
from support.pages import LISTING_NAME, LISTING_PAGE, page, rows

PROGRAM = """
import json, sys, httpx
from keyapi_tiktok import OrderBy, TikTok
from keyapi_tiktok.api.shop import shop_list
from keyapi_tiktok.models import ShopListBody

wire = []
rows = [{"shop_id": "1", "class": "A", "to_dict": True, "field": "f", "owner": {"name": "Ann"},
         "shop/pdp/(product_name_slug$)/(product_id)/page": 7, "nothing": None}]
answers = {
    "/v1/tiktok/shop/many": [{"shop_id": "9"}],
    "/v1/tiktok/video/feed": {"videos": [{"video_id": "1", "stats": '{"plays": 3}'}]},
    "/v1/tiktok/search": {"hits": 3, "best": {"title": "x"}},
    "/v1/tiktok/influencer/products/analytics": [],
    "/v1/tiktok/product/a%2Fb/detail": {"product_id": "a/b"},
    "/v1/tiktok/close/list": "text",
    "/v1/tiktok/video/typed": {"state": "on", "level": 7, "states": ["on", "new"],
                               "author": {"name": "Ann"}, "either": 3},
}

def server(request):
    body = json.loads(request.content) if request.content else None
    wire.append([request.method, request.url.raw_path.decode(), body])
    path = request.url.raw_path.decode().partition("?")[0]
    if path == "/v1/tiktok/shop/list":
        start = body.get("offset", 0)
        shops = [{**rows[0], "shop_id": str(start)}] if start < 10 else []
        data = {"max_cursor": start + 5, "shops": shops}
    else:
        data = answers[path]
    return httpx.Response(200, json={"code": 0, "message": "success", "data": data})

with TikTok("k", transport=httpx.MockTransport(server)) as tiktok:
    shops = list(tiktok.shop.iter_list(
        region="US", shop_ids=["1", "2"], from_="x", keyword="hat", order_by=OrderBy.NEWEST,
        class_="c", region_body="GB"))
    shop = shops[0]
    many = tiktok.shop.many()
    feed = tiktok.video.feed()
    list(tiktok.video.iter_feed(limit=5))
    found = tiktok.root.search(q="a b")
    tiktok.influencer.products_analytics(user_id="1")
    tiktok.influencer.products_analytics_post()
    detail = tiktok.product.product_id_detail(product_id="a/b")
    typed = tiktok.video.typed()
    tiktok.close_resource.list(params="1", client="2", import_="3")
    low = shop_list.sync(client=tiktok, region="US", shop_ids=["1", "2"],
                         body=ShopListBody(keyword="hat"))
    print(json.dumps({
        "wire": wire,
        "shops": len(shops),
        "shop": [shop.shop_id, shop.class_, shop.to_dict_, shop.field, shop.owner.name,
                 shop.nothing, shop.shoppdpproduct_name_slugproduct_idpage],
        "same": shop.to_dict() == {**rows[0], "shop_id": "0"},
        "many": [many[0].shop_id, many[0].extra_amt],
        "feed": [feed.page_num, feed.page_size, feed[0].video_id, feed[0].stats],
        "found": [found.hits, found.best.title],
        "detail": detail.product_id,
        "typed": [type(typed.state).__name__, typed.state, typed.level, typed.states,
                  typed.author.name, typed.either],
        "low": low.data.shops[0].shop_id,
    }))
"""


def run_program(project: Path, program: str, *arguments: str | Path) -> Any:
    """Run a program against a project's client and give the JSON it prints."""
    folders = (project / "generated", ROOT / "src", ROOT / "tests", ROOT / "scripts")
    path = os.pathsep.join(map(str, folders))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def zoo(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project to which every page of the zoo was added, through the scripts alone."""
    project = tmp_path_factory.mktemp("zoo") / "project"
    copytree(pristine, project, symlinks=True)
    for name, text in ZOO.items():
        (project / "openapi/pages/en/tiktok" / name).write_text(text, "utf-8")
    for name in ("vendor.py", "regenerate.py"):
        done = run_script(project, name)
        assert done.returncode == 0, done.stderr
    return project


def test_pages_added_to_the_folder_flow_to_working_methods_with_no_hand_edit(zoo: Path) -> None:
    seen = run_program(zoo, PROGRAM)

    query = "region=US&shop_ids=1%2C2&from=x"
    body = {"keyword": "hat", "order_by": 1, "class": "c", "region": "GB"}
    assert seen["wire"] == [
        ["POST", f"/v1/tiktok/shop/list?{query}", body],
        ["POST", f"/v1/tiktok/shop/list?{query}", {**body, "offset": 5}],
        ["POST", f"/v1/tiktok/shop/list?{query}", {**body, "offset": 10}],
        ["GET", "/v1/tiktok/shop/many", None],
        ["GET", "/v1/tiktok/video/feed?page=1&limit=20", None],
        ["GET", "/v1/tiktok/video/feed?limit=20&page=1", None],
        ["GET", "/v1/tiktok/search?q=a+b", None],
        ["GET", "/v1/tiktok/influencer/products/analytics?user_id=1&page_num=1&page_size=10", None],
        ["POST", "/v1/tiktok/influencer/products/analytics?page_num=1&page_size=10", None],
        ["GET", "/v1/tiktok/product/a%2Fb/detail", None],
        ["GET", "/v1/tiktok/video/typed", None],
        ["GET", "/v1/tiktok/close/list?params=1&client=2&import=3", None],
        ["POST", "/v1/tiktok/shop/list?region=US&shop_ids=1%2C2", {"keyword": "hat"}],
    ]
    assert seen["shops"] == 2
    assert seen["shop"] == ["0", "A", True, "f", "Ann", None, 7]
    assert seen["same"]
    assert seen["many"] == ["9", None]
    assert seen["feed"] == [1, 20, "1", '{"plays": 3}']
    assert seen["found"] == [3, "x"]
    assert seen["detail"] == "a/b"
    assert seen["typed"] == ["VideoTypedDataState", "on", 7, ["on", "new"], "Ann", 3]
    assert seen["low"] == "0"


@pytest.mark.slow
def test_a_client_of_odd_pages_passes_the_type_checkers(zoo: Path) -> None:
    """Mypy had its say before the client took its place; pyright has it here."""
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, zoo / "generated"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stdout


RECORD = """
import contextlib, io, json, sys
from pathlib import Path
import record
from keyapi.conformance.recordings import Specification, check_file, check_recording, missing
from keyapi_tiktok import TikTok

project, url, *names = sys.argv[1:]
with contextlib.redirect_stdout(io.StringIO()):
    for arguments in ([*names, "--base-url", url], ["--documented"]):
        assert record.main(["--root", project, *arguments]) == 0
specification = Specification.of_package("keyapi_tiktok")
there, wrong = [], []
for path in sorted(Path(project, "tests/recordings").rglob("*.har")):
    recordings, findings = check_file(path)
    there += recordings
    for recording in recordings:
        findings += check_recording(recording, specification, TikTok)
    wrong += map(str, findings)
asked = [[r.method, r.url.partition("shop/list")[2], r.body.decode()] for r in there]
print(json.dumps({
    "asked": [[method, query, body] for method, query, body in asked if body],
    "count": len(there), "wrong": wrong, "missing": missing(specification, there),
}))
"""


def test_pages_of_every_shape_are_recorded_by_document_and_from_the_sandbox(
    zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = json.loads((zoo / "generated/keyapi_tiktok/openapi.json").read_text("utf-8"))
    sandbox = Sandbox(spec=spec)
    monkeypatch.setenv("KEYAPI_TOKEN", sandbox.key)
    names = ("shop_list", "close_list", "video_feed", "influencer_products_analytics_post")
    with sandbox.serve() as url:
        seen = run_program(zoo, RECORD, zoo, url, *names)

    assert seen["wrong"] == []
    name = "product_product_id_detail"  # has no example, and was not asked for
    assert seen["missing"] == [f"{name} 200 has no recording: python scripts/record.py {name}"]
    assert seen["count"] == 39
    shops = [asked for asked in seen["asked"] if asked[1]]
    body = '{"keyword":"speaker"}'
    assert ["POST", "?region=PH", body] in shops
    assert ["POST", "?region=PH", '{"keyword":"speaker","offset":10}'] in shops
    assert ["POST", "", body] in seen["asked"]


def test_the_first_pages_names_do_not_change_because_pages_were_added(
    pristine: Path, zoo: Path
) -> None:
    before = tree(pristine / "generated/keyapi_tiktok/models")
    after = tree(zoo / "generated/keyapi_tiktok/models")

    assert {name: after.get(name) for name in before if name != "__init__.py"} == {
        name: data for name, data in before.items() if name != "__init__.py"
    }


def test_the_import_does_not_grow_with_the_operations(pristine: Path, zoo: Path) -> None:
    program = """
import json, sys
from keyapi_tiktok import TikTok
loaded = sorted(name for name in sys.modules if name.startswith("keyapi"))
print(json.dumps([loaded, len(json.load(open(sys.modules["keyapi_tiktok"].__path__[0]
    + "/openapi.json", encoding="utf-8"))["paths"])]))
"""
    loaded, operations = run_program(zoo, program)

    assert operations > 5
    assert run_program(pristine, program) == [loaded, 1]


AGAIN = """
import sys, vendor, regenerate
root = ["--root", sys.argv[1]]
sys.exit(vendor.main(root) or regenerate.main([*root, "--check"]))
"""


@pytest.mark.parametrize("seed", ["4711", pytest.param("0", marks=pytest.mark.slow)])
def test_the_same_input_gives_the_same_bytes_anywhere(
    project: Path, tmp_path: Path, seed: str
) -> None:
    before = tree(project)
    (project / "openapi/tiktok.openapi.yaml").write_bytes(b"")
    (project / "openapi/vendor.lock").unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    temporary = elsewhere / ".nox/tmp"  # in a checkout that ignores it, as nox has it
    temporary.mkdir(parents=True)
    (elsewhere / ".git").mkdir()
    (elsewhere / ".gitignore").write_text(".nox\n")
    surroundings = {"PYTHONHASHSEED": seed, "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    surroundings["TMPDIR"] = str(temporary)
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, os.path.relpath(project, elsewhere)],
        capture_output=True,
        text=True,
        check=False,
        cwd=elsewhere,
        env={**os.environ, **surroundings, "PYTHONPATH": str(ROOT / "scripts")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree(project) == before


def test_check_passes_on_the_committed_client_and_writes_nothing(
    project: Path, script: Script
) -> None:
    before = tree(project)
    done = script("regenerate.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree(project) == before


def test_check_shows_what_differs_exits_1_and_writes_nothing(project: Path, script: Script) -> None:
    generated = project / "generated"
    (generated / "keyapi_tiktok/client.py").write_text("# edited by hand\n")
    (generated / "keyapi_tiktok/extra.py").write_text("# not generated\n")
    (generated / "stray").mkdir()
    (generated / "stray/empty.py").write_text("")
    (generated / "keyapi_tiktok/models/cover.py").unlink()
    before = tree(project)

    done = script("regenerate.py", "--check")

    assert done.returncode == 1
    shown = ("-# edited by hand", "-# not generated", "stray/empty.py", "+class Cover(Model):")
    assert [text for text in shown if text not in done.stdout] == []
    assert "python scripts/regenerate.py" in done.stderr
    assert tree(project) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [("stray/empty.py", ""), ("keyapi_tiktok/models/cover.py", None)],
)
def test_one_file_too_many_or_too_few_is_enough_to_differ(
    project: Path, name: str, content: str | None
) -> None:
    path = project / "generated" / name
    if content is None:
        path.unlink()
    else:
        path.parent.mkdir()
        path.write_text(content)
    assert regenerate(project, check=True) == 1


def test_regenerate_removes_what_should_not_be_there(
    project: Path, script: Script, unverified: None
) -> None:
    wanted = tree(project)
    (project / "generated/keyapi_tiktok/extra.py").write_text("# not generated\n")
    (project / "generated/stray").mkdir()

    done = script("regenerate.py")

    assert done.returncode == 0, done.stderr
    assert tree(project) == wanted


LISTING = LISTING_PAGE.read_text("utf-8")
BAD_PAGES = {
    "without a block": ("# A page\n", "exactly one", ""),
    "with two blocks": (LISTING + "\n" + LISTING[LISTING.index("````yaml") :], "exactly one", ""),
    "with broken YAML": (LISTING.replace("openapi: 3.0.1", "openapi: [3.0.1"), "broken YAML", ""),
    "with exploding aliases": (
        LISTING.replace(
            "security: []\n",
            "security: []\nx-a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"x-{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
                for old, new in zip("abcdef", "bcdefg", strict=True)
            ),
            1,
        ),
        "aliases",
        "",
    ),
    "over 5 MB": (LISTING + "x" * 5_000_000, "5,000,000", ""),
    "with a remote $ref": (
        LISTING.replace(
            "                          type: object\n                      properties:",
            "                          type: object\n                      properties:",
        ).replace(
            "                        user_id:\n                          type: string",
            "                        user_id:\n                          $ref: http://evil.test/x",
        ),
        "leaves the page",
        "#/paths/~1v1~1tiktok~1influencer",
    ),
    "with a path outside /v1/": (
        LISTING.replace("/v1/tiktok/influencer", "/v2/tiktok/influencer"),
        "/v1/",
        "",
    ),
    "that tries to leave its docstring": (
        LISTING.replace(
            "description: Sort order 0=asc 1=desc",
            'description: "Sort \\"\\"\\"\\nimport os; os.abort()\\n\\"\\"\\""',
        ),
        "docstring",
        "/get/parameters/3/description",
    ),
    "that tries to make an identifier code": (
        LISTING.replace("- name: sort_type", "- name: \"x=__import__('os').abort()\""),
        "the name",
        "/get/parameters/3/name",
    ),
}


@pytest.mark.parametrize("case", BAD_PAGES)
def test_a_bad_page_is_refused_in_one_line_and_nothing_is_written(
    project: Path, script: Script, tmp_path: Path, case: str
) -> None:
    text, problem, pointer = BAD_PAGES[case]
    assert text != LISTING
    path = tmp_path / "pages/en/tiktok/bad.md"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    before = tree(project)

    done = script("vendor.py", path)

    assert_refused(done, "bad.md", problem, pointer)
    assert tree(project) == before


def assert_refused(
    done: subprocess.CompletedProcess[str], where: str, problem: str, pointer: str = ""
) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert where in line
    assert problem in line
    assert pointer in line
    assert line.count(". ") >= 1, "a remedy follows the problem"
    assert "Traceback" not in line


def test_pages_that_contradict_each_other_are_both_named(
    project: Path, script: Script, tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("one.md", "other.md")]
    for path, words in zip(paths, ("0=asc 1=desc", "0=up 1=down"), strict=True):
        path.write_text(LISTING.replace("Sort order 0=asc 1=desc", f"Sort order {words}"), "utf-8")
    before = tree(project)

    done = script("vendor.py", *paths)

    assert_refused(done, "other.md", "one.md", "GET /v1/tiktok/influencer/products/analytics")
    assert tree(project) == before


def test_an_overlay_action_that_matches_nothing_is_refused(project: Path, script: Script) -> None:
    overlay = project / "openapi/tiktok.overlay.yaml"
    overlay.write_text(
        overlay.read_text("utf-8").replace("=='page_size'", "=='page_sise'"), "utf-8"
    )
    before = tree(project)

    done = script("regenerate.py")

    assert_refused(done, "openapi/tiktok.overlay.yaml", "matches nothing", "#/actions/4")
    assert tree(project) == before


def test_an_overlay_action_whose_reason_has_gone_is_reported(project: Path, script: Script) -> None:
    """The page now says what a correction said: both commands say so, and work."""
    path = project / "openapi/pages" / LISTING_NAME
    path.write_text(
        LISTING.replace("The maximum number of pages is 10.", "Rows per page, at most 10.")
    )
    note = "note: openapi/tiktok.overlay.yaml #/actions/4: the action is redundant"

    for name, *options in (("vendor.py",), ("regenerate.py",), ("regenerate.py", "--check")):
        done = script(name, *options)
        assert done.returncode == 0, done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith(note)
        assert "get/parameters/5" in line


def test_vendor_refuses_what_the_overlay_does_not_fit_unless_it_is_corrected_later(
    project: Path, script: Script, tmp_path: Path
) -> None:
    path = tmp_path / "page.md"
    path.write_text(LISTING.replace("name: page_size", "name: page_rows"), "utf-8")
    before = tree(project)

    assert_refused(
        script("vendor.py", path),
        *("openapi/tiktok.overlay.yaml #/actions/4", "matches nothing"),
        f"Vendored now: page.md in place of {LISTING_NAME}; --overlay-later writes it",
    )
    assert tree(project) == before

    done = script("vendor.py", path, "--overlay-later")

    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert "regenerate.py will refuse this: openapi/tiktok.overlay.yaml #/actions/4" in line
    assert "matches nothing; near it there is " in line
    assert_refused(script("regenerate.py"), "openapi/tiktok.overlay.yaml", "matches nothing")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "array", "items": {"type": "string"}},
        {"type": "string"},
        {"oneOf": [{"type": "object", "properties": {"x": {"type": "string"}}}]},
    ],
)
def test_a_page_no_client_can_be_made_of_is_not_vendored(
    project: Path, script: Script, tmp_path: Path, body: dict[str, Any]
) -> None:
    path = tmp_path / "list.md"
    path.write_text(page("/v1/tiktok/shop/list", method="post", body=body), "utf-8")
    before = tree(project)

    done = script("vendor.py", path)

    assert_refused(done, "en/tiktok/shop/list.md", "is not an object", "post/requestBody")
    assert tree(project) == before


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        ("target: $.paths\n    remove: true", "there are no paths"),
        ("target: $.paths[*].get\n    update: {parameters: text}", "`parameters` is text"),
        ("target: $.paths[*].get\n    update: {requestBody: [1]}", "`requestBody` is a list"),
        ("target: $\n    update: [", "broken YAML"),
        ("target: $.info\n    update: {}\n    more: 1", "the field more is unknown"),
    ],
)
def test_an_overlay_action_that_breaks_the_specification_is_refused(
    project: Path, script: Script, action: str, problem: str
) -> None:
    overlay = project / "openapi/tiktok.overlay.yaml"
    committed = overlay.read_text("utf-8")
    overlay.write_text(f"{committed}  - {action}\n", "utf-8")
    done = script("regenerate.py")
    if "  Write into the action:" in done.stderr:
        lines = done.stderr.partition("Write into the action:\n\n")[2]
        overlay.write_text(f"{committed}  - {action}\n{lines}", "utf-8")
        done = script("regenerate.py")
    before = tree(project)

    assert_refused(done, "openapi/tiktok.o", problem)
    assert tree(project) == before


def test_an_operation_the_generator_would_skip_is_refused(project: Path, script: Script) -> None:
    text = page("/v1/tiktok/shop/odd", operation={"responses": {"2-oh": {"description": "odd"}}})
    (project / "openapi/pages/en/tiktok/odd.md").write_text(text, "utf-8")
    before = tree(project)

    assert_refused(script("vendor.py"), "error: en/tiktok/odd.md", "2-oh", "~1shop~1odd/get")
    assert tree(project) == before


def test_properties_that_would_get_one_python_name_are_refused(
    project: Path, script: Script
) -> None:
    """`a.b` and `a b` are both a_b; no third name can be made."""
    text = page("/v1/tiktok/shop/odd", data_schema=rows(**{"a.b": "string", "a b": "string"}))
    (project / "openapi/pages/en/tiktok/odd.md").write_text(text, "utf-8")
    before = tree(project)

    done = script("vendor.py")

    assert_refused(done, "error: en/tiktok/odd.md", "same python_name", "~1shop~1odd/get")
    assert "object at 0x" not in done.stderr
    assert tree(project) == before


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (lambda p: (p / "openapi/vendor.lock").unlink(), "no such file"),
        (
            lambda p: (p / "openapi/tiktok.openapi.yaml").write_text("{}"),
            "does not match the pages",
        ),
        (lambda p: next((p / "openapi/pages").rglob("*.md")).unlink(), "is missing"),
        (
            lambda p: (p / "openapi/pages/new.md").write_text(page("/v1/tiktok/a/b"), "utf-8"),
            "is not vendored yet",
        ),
        (
            lambda p: next((p / "openapi/pages").rglob("*.md")).write_text(LISTING + "\n", "utf-8"),
            "is not the one that was vendored",
        ),
    ],
)
def test_regenerate_refuses_pages_and_specification_that_do_not_belong_together(
    project: Path, script: Script, break_it: Any, problem: str
) -> None:
    break_it(project)
    before = tree(project)

    done = script("regenerate.py")

    assert_refused(done, "", problem)
    assert "vendor.py" in done.stderr
    assert tree(project) == before


def changed(name: str, old: str, new: str) -> Callable[[Path], object]:
    """Gives a change to one file of a project."""

    def change(project: Path) -> None:
        text = (project / name).read_text("utf-8")
        assert old in text
        (project / name).write_text(text.replace(old, new), "utf-8")

    return change


@pytest.mark.parametrize("command", ["vendor.py", "regenerate.py"])
def test_a_damaged_lock_is_named_with_the_place(
    project: Path, script: Script, command: str
) -> None:
    changed("openapi/vendor.lock", "source: file", "source: 1")(project)
    before = tree(project)

    done = script(command)

    assert_refused(done, "openapi/vendor.lock", "the lock is damaged", "analytics.md/source")
    assert tree(project) == before


OPTIONS, MODEL = "openapi/generator.yaml", "openapi/templates/model.py.jinja"


@pytest.mark.parametrize(
    ("break_it", "where", "problem"),
    [
        (lambda p: (p / OPTIONS).write_text(""), OPTIONS, "must be an object"),
        (lambda p: (p / OPTIONS).write_text("- a"), OPTIONS, "must be an object"),
        (changed(OPTIONS, "x-client-class: TikTok", ""), f"{OPTIONS} #/x-client-class", "None"),
        (changed(OPTIONS, "post_hooks", "post_hoks"), f"{OPTIONS} #/post_hoks", "unknown"),
        (changed(OPTIONS, "post_hooks: []", "post_hooks: 3"), OPTIONS, "post_hooks"),
        (
            changed(OPTIONS, "override: keyapi_tiktok", "override: ../x"),
            f"{OPTIONS} #/package_name_override",
            "'../x' is not a valid Python name",
        ),
        (lambda p: (p / MODEL).write_text("\n{% if %}"), f"{MODEL} line 2", "TemplateSyntaxError"),
        (
            lambda p: (p / MODEL).write_text("{{ nope.x }}"),
            f"{MODEL} line 1",
            "'nope' is undefined",
        ),
        (lambda p: (p / MODEL).write_text("{{ 1 + 'a' }}"), f"{MODEL} line 1", "TypeError"),
        (lambda p: (p / MODEL).write_bytes(b"\xff\xfe"), MODEL, "utf-8"),
        (lambda p: (p / MODEL).write_text("def ("), "openapi/templates", "models/cover.py"),
        (
            lambda p: [path.unlink() for path in (p / "openapi/templates").rglob("*.jinja")],
            "openapi/templates",
            "no templates",
        ),
    ],
)
def test_options_and_templates_that_cannot_be_used_are_named(
    project: Path, break_it: Callable[[Path], object], where: str, problem: str
) -> None:
    break_it(project)

    with pytest.raises(PipelineError) as caught:
        regenerate(project, check=True)

    assert str(caught.value).startswith(where)
    assert problem in str(caught.value)
    assert caught.value.remedy


def test_code_that_does_not_import_never_takes_the_clients_place(
    project: Path, script: Script
) -> None:
    template = project / "openapi/templates/errors.py.jinja"
    template.write_text('raise RuntimeError("a broken template")\n')
    before = tree(project)

    done = script("regenerate.py")

    assert done.returncode == 2
    assert "does not pass import" in done.stderr
    assert tree(project) == before


def test_commands_started_at_once_work_one_after_the_other(project: Path, unverified: None) -> None:
    wanted = tree(project)
    (project / "generated/keyapi_tiktok/client.py").unlink()
    running = []
    for name in ("regenerate.py", "vendor.py", "regenerate.py"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # fork beside pytest's threads
            child = os.fork()
        if not child:
            os._exit(run_script(project, name).returncode)
        running.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in running]

    assert codes == [0, 0, 0]
    assert tree(project) == wanted


def test_a_folder_that_is_no_project_is_refused(script: Script, tmp_path: Path) -> None:
    assert_refused(script("vendor.py", "--root", tmp_path), tmp_path.name, "no project")


def test_vendoring_a_page_twice_changes_nothing(
    project: Path, script: Script, tmp_path: Path
) -> None:
    before = tree(project)
    copied = tmp_path / "download.md"
    copied.write_bytes(LISTING_PAGE.read_bytes())

    done = script("vendor.py", copied)

    assert done.returncode == 0, done.stderr
    assert "unchanged" in done.stdout
    assert tree(project) == before


@pytest.mark.parametrize("name", ["vendor.py", "regenerate.py", "update.py", "diff.py", "bench.py"])
def test_help_fits_a_terminal_of_80_columns(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", [name, "--help"])

    with pytest.raises(SystemExit, match=r"^0$"):
        import_module(name.removesuffix(".py")).main()

    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= (100 if name == "bench.py" else 80)
    assert shown.startswith(f"usage: {name}")
