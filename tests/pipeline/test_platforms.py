"""The client of another platform: made from its own root, installed and served beside the first."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conftest import run_script, tree
from pipeline.cli import ROOT
from pipeline.commands.vendor import prepare
from pipeline.errors import PipelineError
from pipeline.project import Project
from pipeline.vendor.collect import Selection
from support.pages import EXAMPLE, OVERLAY, page, paged, query, rows

SUPPORT = EXAMPLE.parent
_ASIN = "B0CHX3QBCH"
_PAGES = {
    # One segment after the platform, and a model that is called like the client.
    "products.md": page(
        "/v1/amazon/products-by-category",
        parameters=[query("category_id", "Id of the category", required=True), *paged()],
        data_schema={
            "type": "array",
            "items": {**rows(asin="string", price="number")["items"], "title": "Amazon"},
        },
        example=[{"asin": _ASIN, "price": 12.5}],
    ),
    # The path, operation and class names that the other platform has, with other content.
    "influencer.md": page(
        "/v1/amazon/influencer/products/analytics",
        parameters=[query("influencer_id", "Id of the influencer", required=True), *paged()],
        data_schema=rows(asin="string", clicks="integer"),
        example=[{"asin": _ASIN, "clicks": 3}],
    ),
}
PAGES = {
    name: text.replace("TikTok", "Amazon").replace("tiktok", "amazon")
    for name, text in _PAGES.items()
}
_TRY = """
import json, keyapi_amazon
from keyapi.cli import main
from keyapi.sandbox import Sandbox
sandbox = Sandbox(qps=100)
with sandbox.client("amazon") as amazon, sandbox.client("tiktok") as tiktok:
    products = amazon.root.products_by_category(category_id="1", page_num=1, page_size=10)
    influencer = amazon.influencer.products_analytics(influencer_id="1", page_num=1, page_size=10)
    other = tiktok.influencer.products_analytics(user_id="6813855719982466054")
    print(json.dumps([list(page[0].to_dict()) for page in (products, influencer, other)]))
    print(sandbox, sandbox.ledger.count, sorted(sandbox.spec.operations))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root that the documentation says to copy, with its pages vendored and generated."""
    folder = tmp_path_factory.mktemp("platforms") / "amazon"
    shutil.copytree(SUPPORT / "amazon", folder)
    for name, text in PAGES.items():
        (folder.parent / name).write_text(text, "utf-8")
    for script, *arguments in (
        ("vendor.py", *(folder.parent / name for name in PAGES)),
        ("regenerate.py",),
    ):
        done = run_script(folder, script, *arguments)
        assert done.returncode == 0, done.stderr
        assert "note: " not in done.stderr
    return folder


@pytest.fixture(scope="module")
def beside(root: Path) -> dict[str, str]:
    """An environment in which the wheel of the root is installed beside this checkout's client."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (wheel,) = (root / "dist").glob("*.whl")
    installed = root.parent / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    (example := root.parent / "example").mkdir()
    info = example / "keyapi_example-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: keyapi-tiktok\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[keyapi.clients]\ntiktok = keyapi_example:TikTok\n")
    paths = (example, installed, EXAMPLE / "generated", ROOT / "src")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "COLUMNS": "100"}


def _python(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_root_is_named_by_its_overlay(root: Path) -> None:
    project = Project(root)

    assert (project.overlay, project.spec) == (
        "openapi/amazon.overlay.yaml",
        "openapi/amazon.openapi.yaml",
    )
    assert "corrections belong in amazon.overlay.yaml" in (root / project.spec).read_text("utf-8")
    assert sorted(path.name for path in (root / "generated").iterdir()) == ["keyapi_amazon"]
    assert run_script(root, "regenerate.py", "--check").returncode == 0


def test_no_text_of_another_platform_is_in_its_client(root: Path) -> None:
    for path in root.rglob("*"):
        if path.is_file() and "dist" not in path.parts and path.name != "pyproject.toml":
            assert "tiktok" not in path.read_text("utf-8").lower(), path


def test_a_model_never_takes_the_name_of_the_client(root: Path) -> None:
    specification = json.loads((root / "generated/keyapi_amazon/openapi.json").read_bytes())

    assert "Amazon" not in specification["components"]["schemas"]


def test_a_root_without_a_name_or_with_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="there is no overlay"):
        _ = Project(tmp_path).overlay
    (tmp_path / "openapi").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"openapi/{name}.overlay.yaml").write_text("{}")
    with pytest.raises(PipelineError, match=r"more than one platform: a\.overlay\.yaml, b"):
        _ = Project(tmp_path).spec


@pytest.mark.parametrize(
    "path", ["/v1/amazon/product/detail", "/v1/tiktokshop/a", "/v1/instagram/a/b", "/v1/amazon/a/"]
)
def test_a_page_of_another_platform_is_refused(project: Path, tmp_path: Path, path: str) -> None:
    file = tmp_path / "page.md"
    file.write_text(page(path), "utf-8")
    before = tree(project)

    with pytest.raises(PipelineError) as refused:
        prepare(Project(project), Selection((file,)), overlay_later=True)

    error = refused.value
    platform = path.split("/")[2]
    assert (error.where, error.pointer) == (page_name_of(path), f"#/paths/{escaped(path)}")
    assert (
        error.problem == f"{path} is of the platform {platform}; the client made here is of tiktok"
    )
    assert f"--root into the root of {platform}" in error.remedy
    assert tree(project) == before


@pytest.mark.parametrize("path", ["/v1/tiktok/a/b", "/v1/status", "/v1/{platform}/usage"])
def test_a_page_of_this_platform_or_of_none_is_not_refused(
    project: Path, tmp_path: Path, path: str
) -> None:
    file = tmp_path / "page.md"
    segment = [query("platform", required=True) | {"in": "path"}] if "{" in path else []
    file.write_text(page(path, parameters=segment), "utf-8")

    assert path in prepare(Project(project), Selection((file,))).vendored.spec["paths"]


def test_an_overlay_may_list_further_platforms(project: Path, tmp_path: Path) -> None:
    overlay = project / OVERLAY
    text = overlay.read_text("utf-8")
    listed = text.replace("x-servers:", "x-platforms: [tiktok, shop]\nx-servers:")
    overlay.write_text(listed, "utf-8")
    file = tmp_path / "page.md"
    file.write_text(page("/v1/shop/a/b"), "utf-8")

    assert "/v1/shop/a/b" in prepare(Project(project), Selection((file,))).vendored.spec["paths"]

    overlay.write_text(text.replace("x-servers:", "x-platforms: tiktok\nx-servers:"), "utf-8")
    with pytest.raises(PipelineError, match="is not a list of path segments"):
        prepare(Project(project), Selection((file,)))


def page_name_of(path: str) -> str:
    platform, *rest = path.strip("/").split("/")[1:]
    folder = f"{rest[0]}/" if len(rest) > 1 else ""
    return f"en/{platform}/{folder}{rest[-1]}.md"


def escaped(path: str) -> str:
    return path.replace("/", "~1")


def test_the_command_line_has_both_without_a_clash(beside: dict[str, str]) -> None:
    helped = _python(beside, "-m", "keyapi", "--help")
    assert "Operations of Amazon." in helped
    assert "Operations of TikTok." in helped

    for words, option in (
        ("amazon root products-by-category", "--category-id"),
        ("amazon influencer products-analytics", "--influencer-id"),
        ("tiktok influencer products-analytics", "--user-id"),
    ):
        assert option in _python(beside, "-m", "keyapi", *words.split(), "--help")


def test_one_sandbox_serves_both(beside: dict[str, str]) -> None:
    names, served = _python(beside, "-c", _TRY).splitlines()

    products, influencer, other = json.loads(names)
    assert (products, influencer) == (["asin", "price"], ["asin", "clicks"])
    assert "total_sale_cnt" in other
    assert served.startswith("<Sandbox of Amazon and TikTok, 3 requests> 3 ")
    assert "tiktok.influencer_products_analytics" in served
    assert "'products_by_category'" in served
