"""A page is known by its operation: it keeps its name and order however it comes in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from conftest import tree
from pipeline.errors import PipelineError
from pipeline.project import LOCK, PAGES
from pipeline.vendor.collect import Selection
from support.docs_site import Docs
from support.pages import page, query
from vendor import vendor

DETAIL = "/en/tiktok/video/detail.md"
OPERATION = "/v1/tiktok/video/detail"
NAME = "en/tiktok/clips/one.md"
"""A name that the page would not get by itself, and not by its address."""

Run = Callable[..., None]


def text(cost: int = 1, **more: Any) -> str:
    return page(OPERATION, credits=cost, **more)


@pytest.fixture(scope="module")
def named(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has a page called `NAME`."""
    project = tmp_path_factory.mktemp("named") / "project"
    copytree(pristine, project, symlinks=True)
    first = project / PAGES / NAME
    first.parent.mkdir(parents=True)
    first.write_text(text(), "utf-8")
    vendor(project, Selection())
    later = project / PAGES / "en/tiktok/shop/later.md"
    later.parent.mkdir()
    later.write_text(page("/v1/tiktok/shop/later"), "utf-8")
    vendor(project, Selection())
    return project


@pytest.fixture
def project(named: Path, tmp_path: Path) -> Path:
    """A copy of that project."""
    return copytree(named, tmp_path / "project", symlinks=True)


@pytest.fixture
def run(project: Path) -> Run:
    """Vendors files and addresses into the copy."""

    def command(*given: Path | str, **more: Any) -> None:
        files = tuple(source for source in given if isinstance(source, Path))
        urls = tuple(source for source in given if isinstance(source, str))
        vendor(project, Selection(files, urls, **more))

    return command


@pytest.fixture
def docs() -> Iterator[Docs]:
    with Docs({DETAIL: text(2)}) as site:
        site.publish_index()
        yield site


def entries(project: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((project / LOCK).read_text("utf-8"))["pages"]
    return found


def only_entry(project: Path) -> dict[str, Any]:
    """The entry of the operation's one page, under its recorded name."""
    found = {n: e for n, e in entries(project).items() if e["operation"] == f"GET {OPERATION}"}
    assert list(found) == [NAME]
    assert sorted((project / PAGES).rglob("*.md")) == sorted(
        project / PAGES / name for name in entries(project)
    )
    assert found[NAME]["added"] == 2
    return found[NAME]


@pytest.mark.parametrize(
    "file",
    ["download.md", "Some Folder (1)/page.md", "pages/en/tiktok/video/detail.md", "pages/x.md"],
)
@pytest.mark.parametrize("content", [text(), text(3), text(parameters=[query("video_id")])])
def test_from_another_file(
    project: Path, run: Run, tmp_path: Path, file: str, content: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")

    run(path)

    assert only_entry(project)["source"] == "file"
    assert (project / PAGES / NAME).read_text("utf-8") == content


@pytest.mark.parametrize("content", [text(), text(2), text(parameters=[query("video_id")])])
@pytest.mark.parametrize("how", ["address", "index", "index, pruned"])
def test_from_its_address(project: Path, run: Run, docs: Docs, how: str, content: str) -> None:
    docs.pages[DETAIL] = content
    given = (docs.url + DETAIL,) if how == "address" else ()
    index = None if given else docs.index

    for _ in range(2):
        docs.requests.clear()
        run(*given, index=index, prune=index is not None and "pruned" in how)
        assert only_entry(project)["source"] == docs.url + DETAIL
        assert (project / PAGES / NAME).read_text("utf-8") == content
    # The second time, what is here already is not sent again.
    assert docs.asked(DETAIL)[0]["if-none-match"] == docs.published(DETAIL).headers["ETag"]


def test_from_another_address(project: Path, run: Run, docs: Docs) -> None:
    """The page has moved: the index no longer lists the old address, but that is the same page."""
    run(docs.url + DETAIL)
    moved = "/en/tiktok/videos/details.md"
    docs.pages = {moved: text(3)}
    docs.publish_index()

    run(index=docs.index, prune=True)

    assert only_entry(project)["source"] == docs.url + moved


def test_from_a_file_again_after_its_address(
    project: Path, run: Run, docs: Docs, tmp_path: Path
) -> None:
    run(docs.url + DETAIL)
    path = tmp_path / "x.md"

    path.write_text(docs.pages[DETAIL], "utf-8")
    run(path)
    assert only_entry(project)["source"] == docs.url + DETAIL

    path.write_text(text(7), "utf-8")
    run(path)
    assert only_entry(project)["source"] == "file"


def test_renamed_in_the_folder(project: Path, run: Run) -> None:
    renamed = project / PAGES / "en/tiktok/other.md"
    (project / PAGES / NAME).rename(renamed)

    run()

    assert entries(project)["en/tiktok/other.md"]["added"] == 2
    assert NAME not in entries(project)


def test_two_pages_that_swap_their_addresses(project: Path, run: Run, docs: Docs) -> None:
    other = "/en/tiktok/shop/later.md"
    docs.pages |= {other: text(4), DETAIL: page("/v1/tiktok/shop/later", credits=5)}

    run(docs.url + DETAIL, docs.url + other)

    assert only_entry(project)["source"] == docs.url + other
    assert entries(project)["en/tiktok/shop/later.md"]["source"] == docs.url + DETAIL
    assert entries(project)["en/tiktok/shop/later.md"]["credits"] == 5


def test_a_new_page_at_an_address_whose_page_moved(project: Path, run: Run, docs: Docs) -> None:
    first, second = "/en/tiktok/shop/later.md", "/en/tiktok/shop/latest.md"
    docs.pages |= {first: page("/v1/tiktok/shop/new"), second: page("/v1/tiktok/shop/later")}

    run(docs.url + first, docs.url + second)

    operations = {name: entry["operation"] for name, entry in entries(project).items()}
    assert operations["en/tiktok/shop/later.md"] == "GET /v1/tiktok/shop/later"
    assert operations["en/tiktok/shop/new.md"] == "GET /v1/tiktok/shop/new"


def files(tmp_path: Path, docs: Docs) -> tuple[Path | str, Path | str]:
    one, other = tmp_path / "one.md", tmp_path / "other.md"
    one.write_text(text(5), "utf-8")
    other.write_text(text(6), "utf-8")
    return one, other


def addresses(tmp_path: Path, docs: Docs) -> tuple[Path | str, Path | str]:
    docs.pages["/en/tiktok/other.md"] = text(6)
    return docs.url + DETAIL, docs.url + "/en/tiktok/other.md"


def both(tmp_path: Path, docs: Docs) -> tuple[Path | str, Path | str]:
    return files(tmp_path, docs)[0], docs.url + DETAIL


@pytest.mark.parametrize("pair", [files, addresses, both])
def test_two_pages_of_one_operation_given_at_once_are_both_named(
    project: Path,
    run: Run,
    docs: Docs,
    tmp_path: Path,
    pair: Callable[[Path, Docs], tuple[Path | str, Path | str]],
) -> None:
    sources = pair(tmp_path, docs)
    before = tree(project)

    with pytest.raises(PipelineError, match=f"both document GET {OPERATION}") as refusal:
        run(*sources)

    for source in sources:
        assert (source.name if isinstance(source, Path) else source) in str(refusal.value)
    assert tree(project) == before


@pytest.mark.parametrize("content", [text(), text(2), text(parameters=[query("video_id")])])
def test_two_pages_of_one_operation_in_the_folder_are_both_named(
    project: Path, run: Run, content: str
) -> None:
    (project / PAGES / "en/tiktok/another.md").write_text(content, "utf-8")

    with pytest.raises(PipelineError, match=f"documents GET {OPERATION}, as ") as refusal:
        run()

    assert {"en/tiktok/another.md", NAME} <= {*str(refusal.value).replace(":", " ").split()}


def test_two_operations_of_one_path_given_at_once_need_names_of_their_own(
    project: Path, run: Run, tmp_path: Path
) -> None:
    get, post = tmp_path / "get.md", tmp_path / "post.md"
    get.write_text(page("/v1/tiktok/a/b"), "utf-8")
    post.write_text(page("/v1/tiktok/a/b", method="post"), "utf-8")

    with pytest.raises(PipelineError, match=r"belongs at openapi/pages/en/tiktok/a/b\.md, and so"):
        run(get, post)
