"""Reading one page: its one specification block, its cost, and where it belongs."""

import hashlib
import textwrap
from pathlib import Path

import pytest
import yaml

from pipeline.document.yaml import MAX_BYTES
from pipeline.errors import PipelineError
from pipeline.vendor.pages import page_name, read_page
from support.pages import REAL_NAME, REAL_PAGE, document, markdown, page

PATH = "/v1/tiktok/video/detail"
INFO = f"yaml en/tiktok.openapi.json GET {PATH}"
BLOCK = yaml.safe_dump(document(PATH), sort_keys=False)


def read(text: str):
    return read_page(text.encode(), "en/tiktok/video/detail.md")


def refusal(text: str | bytes) -> str:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PipelineError) as caught:
        read_page(content, "en/some.md")
    assert caught.value.where == "en/some.md"
    return str(caught.value)


@pytest.mark.published
def test_the_published_page_reads():
    """Whatever it says: no fact of today's page is stated here."""
    content = REAL_PAGE.read_bytes()
    text = content.decode()
    real = read_page(content, REAL_NAME)
    assert f"yaml {real.spec_file} {real.operation}\n" in text
    assert real.operation == f"{real.method.upper()} {real.path}"
    assert real.sha256 == hashlib.sha256(content).hexdigest()
    assert f"{real.credits} credit" in text or (real.credits is None and "🪙" not in text)
    assert list(real.block["paths"]) == [real.path]
    assert "200" in real.block["paths"][real.path][real.method]["responses"]


@pytest.mark.parametrize(
    "text",
    [
        markdown(BLOCK),
        markdown(BLOCK, fence="```"),
        markdown(BLOCK, fence="~~~~"),
        markdown(BLOCK, info=INFO.replace("yaml", "yml").replace("GET", "get")),
        markdown(BLOCK, info=f"  {INFO}  "),
        markdown(BLOCK).replace("\n", "\r\n"),
        "\ufeff" + markdown(BLOCK),
        # Fences that hold no specification, or only show one.
        f"```yaml\nopenapi: 3.0.1\n```\n{markdown(BLOCK)}",
        f"`````md\n{markdown(BLOCK)}\n`````\n{markdown(BLOCK)}",
        f"~~~md\n{markdown(BLOCK)}\n~~~\n{markdown(BLOCK)}",
        textwrap.indent(markdown(BLOCK), "    ") + markdown(BLOCK),
    ],
)
def test_the_one_block_of_a_page_is_found(text):
    found = read(text)
    assert found.block == document(PATH)
    assert found.operation == f"GET {PATH}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no fenced block"),
        ("# A page\n\n```yaml\nopenapi: 3.0.1\n```\n", "no fenced block"),
        (markdown(BLOCK, info="yaml"), "no fenced block"),
        (markdown(BLOCK, info=INFO.replace("yaml", "json")), "no fenced block"),
        (f"`````md\n{markdown(BLOCK)}\n`````", "no fenced block"),
        (f"~~~~~~md\n{markdown(BLOCK, fence='~~~~')}\n~~~~~~", "no fenced block"),
        (textwrap.indent(markdown(BLOCK), "    "), "no fenced block"),
        (markdown(BLOCK).rstrip().removesuffix("````"), "no fenced block"),  # cut short
        (markdown(BLOCK) * 2, "2 fenced blocks"),
        (markdown(BLOCK) + page("/v1/tiktok/other/detail"), "2 fenced blocks"),
        (markdown("- a list"), "not an OpenAPI document"),
        (markdown("text"), "not an OpenAPI document"),
        (markdown(""), "not an OpenAPI document"),
        (markdown("swagger: '2.0'"), "not an OpenAPI 3 document"),
        (markdown("openapi: 3.0.1"), "exactly the path"),
        (markdown(BLOCK, info=f"{INFO}s"), "exactly the path"),
        (markdown(BLOCK, info=INFO.replace("GET", "POST")), "does not document POST"),
        (page(PATH, extra={"paths": {"/v1/b": {}}}), "exactly the path"),
        (page(PATH, extra={"paths": {PATH: {"post": {"responses": {}}}}}), "POST besides GET"),
        (page(PATH, operation={"responses": None}), "no responses"),
        (page(PATH, extra={"paths": {PATH: {"get": "text"}}}), "not an object"),
        (b"\xff\xfe" + BLOCK.encode(), "not UTF-8"),
        (BLOCK.encode("utf-16"), "not UTF-8"),
        (b" " * (MAX_BYTES + 1), "5,000,001 bytes"),
    ],
)
def test_what_is_no_page_of_one_operation_is_refused(text, problem):
    assert problem in refusal(text)


@pytest.mark.parametrize(
    "path",
    [
        *["/v2/tiktok/video", "/v1", "/v1/", "/v1/a//", "/admin", "/", "//v1/a", "/v10/a"],
        *["/v1/../admin", "/v1/a/../b", "/v1/./a", "/v1/.hidden", "/v1//a", "/v1/%2e%2e/a"],
        *["/v1/a?b=c", "/v1/a#b", "/v1/a;b", "/v1/a\\b", "/v1/{a", "/v1/a}", "/v1/{}", "/v1/{a b}"],
        *["/v1/{a/b}", "/v1/é", "/v1/a'b", '/v1/a"b', "/v1/-a"],
    ],
)
def test_only_clean_paths_below_v1_are_read(path):
    assert refusal(page(path))


@pytest.mark.parametrize("method", ["FETCH", "connect", "x"])
def test_only_http_methods_are_read(method):
    assert "not an operation below /v1/" in refusal(page(PATH, method=method))


@pytest.mark.parametrize(
    ("info", "home"),
    [
        (f"yaml /zh/tiktok.openapi.json GET {PATH}", "zh/tiktok/video/detail.md"),
        (f"yaml GET {PATH}", "en/tiktok/video/detail.md"),
        (f"yaml openapi.json GET {PATH}", "tiktok/video/detail.md"),
        (f"yaml en/tiktok.openapi.json get {PATH}/", "en/tiktok/video/detail.md"),
    ],
)
def test_the_info_line_may_lack_the_file_or_begin_it_with_a_slash(tmp_path: Path, info, home):
    text = markdown(BLOCK.replace(f"{PATH}:", f"{info.split()[-1]}:"), info=info)
    assert page_name(tmp_path / "x.md", tmp_path / "openapi/pages", read(text)) == home


@pytest.mark.parametrize(
    "path", ["/v1/status", "/v1/a/", "/v1/tiktok/a-b_c.d~e/{video_id}", "/v1/a/3d"]
)
def test_unusual_but_clean_paths_are_read(path):
    assert read(page(path)).path == path


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        (page(PATH), 1),
        (page(PATH, credits=2), 2),
        (page(PATH, credits=10), 10),
        (page(PATH, credits=0), 0),
        (page(PATH, credits=None), None),
        (page(PATH, credits=None) + "<b>3 credits</b><i>per request</i>", None),  # no header
        (page(PATH, credits=2).replace("per request", "每次请求"), 2),
        (
            page(PATH, credits=2)
            .replace("2 credits", "2 积分")
            .replace("per request", "/ 每次请求"),
            2,
        ),
        (
            page(PATH, credits=3)
            .replace("3 credits", "每次请求")
            .replace("per request", "3 个积分"),
            3,
        ),
        (page(PATH, credits=None, title="What 3 credits buy per request"), None),
        *(
            (page(PATH, credits=2).replace("2 credits", count).replace("per request", each), cost)
            for count, each, cost in [
                ("2 <b>Credits</b>", "/ call", 2),
                ("Cost: 4 credits", "each request", 4),
                ("1,000 credits", "per call", 1000),
                ("消耗 5 积分/次", "", 5),
                ("每次请求消耗 3 积分", "", 3),
                ("0.5 credits", "per request", None),
                ("2 credits", "per 100 rows", None),
            ]
        ),
    ],
)
def test_the_cost_is_what_the_header_says(text, cost):
    assert read(text).credits == cost


@pytest.mark.parametrize(
    ("file", "path", "name"),
    [
        ("openapi/pages/en/tiktok/x.md", PATH, "en/tiktok/x.md"),
        ("elsewhere/pages/en/tiktok/y.md", PATH, "en/tiktok/y.md"),
        ("pages/a/pages/en/tiktok/a/y.md", PATH, "en/tiktok/a/y.md"),
        ("x/pages/en/tiktok/pages/list.md", PATH, "en/tiktok/pages/list.md"),
        ("x/pages/en/status.md", "/v1/status", "en/status.md"),
        # below a folder called `pages`, but not at an address that this page can have
        ("pages/products.md", PATH, "en/tiktok/video/detail.md"),
        ("pages/fr/tiktok/y.md", PATH, "en/tiktok/video/detail.md"),
        ("pages/en/instagram/y.md", PATH, "en/tiktok/video/detail.md"),
        ("pages/en/tiktok", PATH, "en/tiktok/video/detail.md"),
        ("pages/Some Folder (1)/page.md", PATH, "en/tiktok/video/detail.md"),
        ("pages/..hidden/x.md", PATH, "en/tiktok/video/detail.md"),
        ("pages/en/tiktok/.git/x.md", PATH, "en/tiktok/video/detail.md"),
        ("pages/en/tiktok/a b/x.md", PATH, "en/tiktok/video/detail.md"),
        ("pages/en/tiktok/x.txt", PATH, "en/tiktok/video/detail.md"),
        ("pages/é.md", PATH, "en/tiktok/video/detail.md"),
        ("Pages/en/tiktok/x.md", PATH, "en/tiktok/video/detail.md"),
        ("downloads/z.md", PATH, "en/tiktok/video/detail.md"),
        ("downloads/z.md", "/v1/tiktok/a/b/c", "en/tiktok/a/b-c.md"),
        ("downloads/z.md", "/v1/tiktok/a/{b_id}", "en/tiktok/a/b_id.md"),
        ("downloads/z.md", "/v1/tiktok/search", "en/tiktok/search.md"),
        ("downloads/z.md", "/v1/status", "en/status.md"),
        ("openapi/pages/../../downloads/z.md", PATH, "en/tiktok/video/detail.md"),
    ],
)
def test_a_page_is_named_as_its_address(tmp_path: Path, file, path, name):
    assert page_name(tmp_path / file, tmp_path / "openapi/pages", read(page(path))) == name


def test_a_link_is_named_by_what_it_leads_to(tmp_path: Path):
    target = tmp_path / "downloads" / "pages" / "en" / "tiktok" / "real.md"
    target.parent.mkdir(parents=True)
    target.touch()
    link = tmp_path / "link.md"
    link.symlink_to(target)
    assert page_name(link, tmp_path / "openapi/pages", read(page(PATH))) == "en/tiktok/real.md"


def test_a_checkout_may_lie_below_a_folder_called_pages(tmp_path: Path):
    root = tmp_path / "pages/en/tiktok/checkout/openapi/pages"
    for file in ("products.md", "openapi/products.md"):
        path = tmp_path / "pages/en/tiktok/checkout" / file
        assert page_name(path, root, read(page(PATH))) == f"en/tiktok/checkout/{file}"
    assert page_name(root / "x.md", root, read(page(PATH))) == "x.md"


@pytest.mark.parametrize(
    "file",
    [
        "openapi/pages/..hidden/x.md",
        "openapi/pages/.git/x.md",
        "openapi/pages/a b/x.md",
        "openapi/pages/x.txt",
        "openapi/pages/x",
        "openapi/pages/é.md",
    ],
)
def test_names_that_are_no_pages_are_refused(tmp_path: Path, file):
    with pytest.raises(PipelineError, match="is not a valid page name"):
        page_name(tmp_path / file, tmp_path / "openapi/pages", read(page(PATH)))


@pytest.mark.parametrize(
    "spec_file",
    [
        "../../x.json",
        "/../etc/x.json",
        "en/../../x.json",
        "./x.json",
        ".git/x.json",
        "en//x.json",
        "C:/x",
    ],
)
def test_the_block_cannot_name_a_place_outside_the_pages(tmp_path: Path, spec_file):
    hostile = read(markdown(BLOCK, info=f"yaml {spec_file} GET {PATH}"))
    with pytest.raises(PipelineError, match="is not a valid page name"):
        page_name(tmp_path / "x.md", tmp_path / "openapi/pages", hostile)
