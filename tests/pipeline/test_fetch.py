"""Pages fetched from a real server: politely, whole or not at all, and never past a bound."""

from __future__ import annotations

import asyncio
import gzip
import os
import pty
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from types import ModuleType
from typing import Any

import pytest
import yaml

import survey
import vendor
from conftest import Script, tree
from pipeline.document.yaml import MAX_BYTES
from pipeline.errors import PipelineError
from pipeline.project import LOCK, PAGES
from pipeline.transaction import FOLDER
from pipeline.vendor import fetch
from pipeline.vendor.index import MAX_LINKS, listed
from support.docs_site import MARKDOWN, Answer, Docs
from support.pages import LISTING_NAME, LISTING_PAGE, SPEC, page, query

LISTING = f"/{LISTING_NAME}"
DETAIL, LIST, SHOP = (
    "/en/tiktok/video/detail.md",
    "/en/tiktok/video/list.md",
    "/en/tiktok/shop/list.md",
)
PUBLISHED = {
    LISTING: LISTING_PAGE.read_text("utf-8"),
    DETAIL: page("/v1/tiktok/video/detail", parameters=[query("video_id")], credits=2),
    LIST: page("/v1/tiktok/video/list"),
    SHOP: page("/v1/tiktok/shop/list"),
}


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Vendor = Callable[..., Done]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited between requests; no test waits them."""
    seen: list[float] = []

    async def pause(seconds: float) -> None:
        seen.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return seen


@pytest.fixture
def run(
    project: Path,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Vendor:
    """Runs scripts/vendor.py on the copy of the project, in this process."""

    def command(*arguments: str | Path) -> Done:
        argv = ["vendor.py", "--root", str(project), *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", argv)
        code = vendor.main()
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return command


@pytest.fixture
def docs() -> Iterator[Docs]:
    """A documentation site with the pages above and their index."""
    with Docs(PUBLISHED) as site:
        site.publish_index()
        yield site


def lock(project: Path) -> dict[str, Any]:
    entries: dict[str, Any] = yaml.safe_load((project / LOCK).read_text("utf-8"))["pages"]
    return entries


def assert_refused(done: Done, *words: str) -> None:
    assert done.code == 2, done.out + done.err
    (line,) = done.err.splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line
    assert line.count(". ") >= 1, "a remedy follows the problem"
    assert "Traceback" not in line


def test_an_index_brings_its_pages_byte_for_byte(project: Path, run: Vendor, docs: Docs) -> None:
    done = run("--index", docs.index)

    assert done.code == 0, done.err
    for path, text in PUBLISHED.items():
        assert (project / PAGES / path[1:]).read_bytes() == text.encode()
        entry = lock(project)[path[1:]]
        assert entry["source"] == docs.url + path
        assert entry["etag"] == docs.published(path).headers["ETag"]
    assert lock(project)[DETAIL[1:]]["credits"] == 2
    assert len(yaml.safe_load((project / SPEC).read_text("utf-8"))["paths"]) == 4
    assert [line.split()[0] for line in done.out.splitlines()] == [
        *("unchanged", "added", "added", "added")
    ]
    assert done.err == ""


def test_a_page_that_is_here_is_not_sent_again(project: Path, run: Vendor, docs: Docs) -> None:
    run("--index", docs.index)
    before = tree(project)
    docs.requests.clear()

    done = run("--index", docs.index)

    assert done.code == 0, done.err
    assert {line.split()[0] for line in done.out.splitlines()} == {"unchanged"}
    assert tree(project) == before
    for path in PUBLISHED:
        (headers,) = docs.asked(path)
        assert headers["if-none-match"] == docs.published(path).headers["ETag"]


def test_a_page_edited_here_is_fetched_anew(project: Path, run: Vendor, docs: Docs) -> None:
    """The ETag stands for what was published, which is here no more."""
    run("--index", docs.index)
    (project / PAGES / LIST[1:]).write_text(page("/v1/tiktok/video/list", credits=9), "utf-8")
    docs.requests.clear()

    assert run("--index", docs.index).code == 0

    assert "if-none-match" not in docs.asked(LIST)[0]
    assert (project / PAGES / LIST[1:]).read_text("utf-8") == PUBLISHED[LIST]


def test_merging_again_keeps_where_a_page_is_from(project: Path, run: Vendor, docs: Docs) -> None:
    run("--index", docs.index)
    before = tree(project)

    assert run().code == 0
    assert tree(project) == before


def test_what_changed_is_shown(project: Path, run: Vendor, docs: Docs) -> None:
    run("--index", docs.index)
    docs.pages[LIST] = page("/v1/tiktok/video/list", credits=3, title="Another")
    docs.pages[SHOP] = page("/v1/tiktok/shop/find")

    done = run("--index", docs.index)

    assert done.code == 0, done.err
    assert (
        "  changed  en/tiktok/video/list.md: GET /v1/tiktok/video/list, credits 1 -> 3"
        " (lines: +2 -2)\n" in done.out
    )
    assert "operation GET /v1/tiktok/shop/list -> GET /v1/tiktok/shop/find" in done.out
    assert "unchanged  en/tiktok/video/detail.md" in done.out


def test_a_new_etag_for_the_same_page_is_no_change(project: Path, run: Vendor, docs: Docs) -> None:
    run(docs.url + LIST)
    new = {"Content-Type": MARKDOWN, "ETag": 'W/"2"'}
    docs.answers[LIST] = [Answer(200, PUBLISHED[LIST].encode(), new)]

    done = run(docs.url + LIST)

    assert "unchanged  en/tiktok/video/list.md" in done.out
    assert lock(project)[LIST[1:]]["etag"] == 'W/"2"'


@pytest.mark.parametrize("etag", ['"a b"', "a", '"ü"', '"' + "x" * 300 + '"', ""])
def test_an_etag_that_is_none_is_not_recorded(
    project: Path, run: Vendor, docs: Docs, etag: str
) -> None:
    headers = {"Content-Type": MARKDOWN, "ETag": etag}
    docs.answers[LIST] = [Answer(200, PUBLISHED[LIST].encode(), headers)]

    assert run(docs.url + LIST).code == 0
    assert "etag" not in lock(project)[LIST[1:]]


def test_addresses_and_files_can_be_given_together(
    project: Path, run: Vendor, docs: Docs, tmp_path: Path
) -> None:
    path = tmp_path / "download.md"
    path.write_text(PUBLISHED[SHOP], "utf-8")

    assert run(docs.url + LIST, path).code == 0

    assert lock(project)[LIST[1:]]["source"] == docs.url + LIST
    assert lock(project)[SHOP[1:]]["source"] == "file"
    assert [path for path, _ in docs.requests] == [LIST]


def test_one_page_given_twice_is_refused(
    project: Path, run: Vendor, docs: Docs, tmp_path: Path
) -> None:
    path = tmp_path / "list.md"
    path.write_text(PUBLISHED[LIST], "utf-8")

    assert_refused(run(docs.url + LIST, path), "the same page", "list.md")


def test_few_requests_are_under_way_at_a_time(run: Vendor, docs: Docs) -> None:
    more = {f"/en/x{n}.md": page(f"/v1/tiktok/x{n}/list") for n in range(fetch.AT_ONCE)}
    docs.pages.update(more)
    docs.publish_index()
    docs.meet = threading.Barrier(fetch.AT_ONCE)

    assert run("--index", docs.index).code == 0
    assert docs.busiest == fetch.AT_ONCE


def gzipped(data: bytes, **headers: str) -> Answer:
    return Answer(
        200,
        gzip.compress(data),
        {"Content-Type": MARKDOWN, "Content-Encoding": "gzip", **headers},
    )


def test_a_compressed_page_is_unpacked(project: Path, run: Vendor, docs: Docs) -> None:
    docs.answers[LIST] = [gzipped(PUBLISHED[LIST].encode())]

    assert run(docs.url + LIST).code == 0
    assert (project / PAGES / LIST[1:]).read_text("utf-8") == PUBLISHED[LIST]


GOOD = Answer(200, PUBLISHED[LIST].encode())
PASSING = {
    "500": (Answer(500), 0.75, 1.25),
    "503, to be tried after 7 s": (Answer(503, headers={"Retry-After": "7"}), 7, 7),
    "429": (Answer(429), 0.75, 1.25),
    "a dropped connection": (Answer(200, GOOD.body, cut=100), 0.75, 1.25),
    "no answer at all": (Answer(200, b"x", {"bad header\n": "x"}), 0.75, 1.25),
    "a truncated compressed page": (
        Answer(
            200,
            gzip.compress(GOOD.body)[:-20],
            {"Content-Type": MARKDOWN, "Content-Encoding": "gzip"},
        ),
        0.75,
        1.25,
    ),
}


@pytest.mark.parametrize("failure", PASSING)
def test_a_failure_that_passes_is_waited_out(
    project: Path, run: Vendor, docs: Docs, waits: list[float], failure: str
) -> None:
    answer, least, most = PASSING[failure]
    docs.answers[LIST] = [answer, GOOD]

    done = run("--index", docs.index)

    assert done.code == 0, done.err
    assert (project / PAGES / LIST[1:]).read_bytes() == GOOD.body
    (wait,) = waits
    assert least <= wait <= most


LASTING = {
    "a page that is not found": (Answer(404), "answers 404"),
    "a server that always fails": (Answer(500), "answers 500, 4 times"),
    "a connection that always drops": (Answer(200, GOOD.body, cut=100), "4 times"),
    "a server that asks for patience": (
        Answer(429, headers={"Retry-After": "61"}),
        "asks to wait 61 s",
    ),
    "a page for people": (
        Answer(200, GOOD.body, {"Content-Type": "Text/HTML; charset=utf-8"}),
        "'text/html', not Markdown",
    ),
    "a page that is too large": (Answer(200, b"x" * (MAX_BYTES + 1)), "5,000,000 bytes"),
    "a gzip bomb": (gzipped(b"\0" * MAX_BYTES * 10), "5,000,000 bytes"),
    "compressed nothing without end": (
        Answer(
            200,
            gzip.compress(b"")[:10] + b"\0\0\0\xff\xff" * (MAX_BYTES // 5 + 1),
            {"Content-Type": MARKDOWN, "Content-Encoding": "gzip"},
        ),
        "5,000,000 bytes",
    ),
    "damaged compression": (
        Answer(200, b"no gzip", {"Content-Type": MARKDOWN, "Content-Encoding": "gzip"}),
        "damaged",
    ),
    "two things in one": (
        Answer(
            200,
            gzip.compress(GOOD.body) + b"more",
            {"Content-Type": MARKDOWN, "Content-Encoding": "gzip"},
        ),
        "something follows",
    ),
    "an encoding not asked for": (
        Answer(200, GOOD.body, {"Content-Type": MARKDOWN, "Content-Encoding": "br"}),
        "'br'",
    ),
    "not modified, unasked": (Answer(304), "answers 304"),
    "a redirect to nowhere": (Answer(302), "answers 302"),
    "a redirect to another host": (
        Answer(302, headers={"Location": "https://evil.test/x.md"}),
        "another server",
    ),
    "a redirect to another port": (
        Answer(302, headers={"Location": "http://127.0.0.1:1/x.md"}),
        "another server",
    ),
    "a redirect with a user": (
        Answer(302, headers={"Location": "//a:b@127.0.0.1/x.md"}),
        "another server",
    ),
    "a redirect to a file": (
        Answer(302, headers={"Location": "file:///etc/passwd"}),
        "another server",
    ),
    "a redirect to no URL": (Answer(302, headers={"Location": "https://xn--/x.md"}), "not a URL"),
    "a redirect to itself": (Answer(301, headers={"Location": LIST}), "more than 5 times"),
    "no page": (Answer(200, b"\xff\xfe\0"), "UTF-8"),
    "a page cut off by its publisher": (Answer(200, GOOD.body[:-200]), "list.md"),
    "a page that would become code": (
        Answer(200, page("/v1/tiktok/video/list", operation={"summary": '"""'}).encode()),
        "docstring",
    ),
}


@pytest.mark.parametrize("failure", LASTING)
def test_one_page_that_cannot_be_had_leaves_everything_as_it_was(
    project: Path, run: Vendor, docs: Docs, failure: str
) -> None:
    """The page was vendored before, so that its absence would matter; others have changed."""
    answer, problem = LASTING[failure]
    assert run(docs.url + LIST).code == 0
    lockfile = project / LOCK
    lockfile.write_text(
        "".join(
            line
            for line in lockfile.read_text("utf-8").splitlines(keepends=True)
            if "etag" not in line
        ),
        "utf-8",
    )
    before = tree(project)
    docs.pages[LISTING] += "\nnew\n"
    docs.answers[LIST] = [answer]

    done = run("--index", docs.index)

    assert_refused(done, "video/list.md", problem)
    assert tree(project) == before
    assert not (project / FOLDER).exists()


@pytest.mark.parametrize("path", ["/moved.md", "moved.md", "/a/../moved.md"])
def test_a_redirect_within_the_server_is_followed(
    project: Path, run: Vendor, docs: Docs, path: str
) -> None:
    """The name stays that of the address asked for."""
    docs.answers[LIST] = [Answer(308, headers={"Location": path})]
    for place in ("/moved.md", "/en/tiktok/video/moved.md"):
        docs.pages[place] = PUBLISHED[LIST]

    assert run(docs.url + LIST).code == 0
    assert lock(project)[LIST[1:]]["source"] == docs.url + LIST


def test_a_page_that_never_ends_is_given_up(
    project: Path, run: Vendor, docs: Docs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_DEADLINE", 0.1)
    docs.meet = threading.Barrier(9)  # which never meet
    before = tree(project)

    done = run(docs.url + LIST)
    docs.meet.abort()

    assert_refused(done, "took more than 0 s, 4 times")
    assert tree(project) == before


def test_all_pages_together_have_a_bound(
    project: Path, run: Vendor, docs: Docs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MAX_TOTAL", 10_000)
    assert_refused(run("--index", docs.index), "larger than 10,000 bytes")


@pytest.mark.parametrize("script", [vendor, survey])
def test_a_run_has_a_bound_in_time(
    project: Path,
    docs: Docs,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: ModuleType,
) -> None:
    """Whatever each page takes: 900 pages that drip, or are refused again and again."""
    monkeypatch.setattr(fetch, "LONGEST", 1.0)
    paths = [f"/en/tiktok/video/page-{number}.md" for number in range(900)]
    docs.answers |= {path: [Answer(503)] for path in paths}
    docs.publish_index(*paths)
    monkeypatch.setattr(sys, "argv", ["", "--root", str(project), "--index", docs.index])
    before, began = tree(project), time.monotonic()

    code = script.main()

    assert time.monotonic() - began < 20
    assert code == (2 if script is vendor else 1)
    printed = capsys.readouterr()
    assert "of 900 pages arrived within 1 s, which is the limit. Narrow --match" in (
        printed.err if script is vendor else printed.out.replace("of 1 pages", "of 900 pages")
    )
    assert tree(project) == before


def test_pages_that_drip_together_have_a_bound(
    project: Path, run: Vendor, docs: Docs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LONGEST", 0.5)
    docs.meet = threading.Barrier(9)  # which never meet
    done = run("--index", docs.index)
    docs.meet.abort()
    assert_refused(done, "0 of 4 pages arrived within 0.5 s, which is the limit")


def test_an_index_of_a_hundred_thousand_pages_is_refused_before_one_is_fetched(
    run: Vendor, docs: Docs
) -> None:
    docs.pages["/llms.txt"] = "\n".join(f"- [p](/en/p{number}.md)" for number in range(100_000))
    assert_refused(run("--index", docs.index), "more than 1,000 pages. Narrow --match")
    assert [path for path, _ in docs.requests] == ["/llms.txt"]


def test_links_that_lead_to_no_further_page_take_no_time_of_their_own() -> None:
    index = "https://docs.test/llms.txt"
    began = process_time()
    assert len(listed(b"[a](/a.md)\n[b](a.md#b)\r[c](b.md)" * 100_000, index)) == 2
    assert process_time() - began < 5  # 40 if each were read
    others = "\n".join(f"[a](/a{n}.md)" for n in range(100_000)).encode()
    with pytest.raises(PipelineError, match="more than 20,000 different links to pages"):
        listed(others, index, ["wanted/*"])


@pytest.mark.parametrize("prune", [False, True])
def test_a_page_that_vanished_is_reported_and_dropped_only_when_told(
    project: Path, run: Vendor, docs: Docs, prune: bool
) -> None:
    run("--index", docs.index)
    docs.publish_index(LISTING, DETAIL, SHOP)

    done = run("--index", docs.index, *(["--prune"] if prune else []))

    assert done.code == 0, done.err
    assert ("vanished  en/tiktok/video/list.md" in done.out) is not prune
    assert (" dropped  en/tiktok/video/list.md: GET /v1" in done.out) is prune
    assert (project / PAGES / LIST[1:]).exists() is not prune
    assert (LIST[1:] in lock(project)) is not prune
    assert ("/v1/tiktok/video/list" in (project / SPEC).read_text("utf-8")) is not prune


def test_an_index_says_nothing_about_pages_that_are_not_its_own(
    project: Path, run: Vendor, docs: Docs, tmp_path: Path
) -> None:
    """Neither about files, nor about what --match leaves out, nor about another server's."""
    path = tmp_path / "download.md"
    path.write_text(page("/v1/tiktok/own/page"), "utf-8")
    other_page = page("/v1/tiktok/other/page")
    with Docs({"/en/other.md": other_page}) as other:
        run(path, other.url + "/en/other.md", "--index", docs.index)
    docs.publish_index(SHOP, DETAIL)

    done = run("--index", docs.index, "--match", "en/tiktok/video/*", "--prune")

    assert done.code == 0, done.err
    assert [line.split()[1] for line in done.out.splitlines() if "dropped" in line] == [
        "en/tiktok/video/list.md:"
    ]
    assert len(lock(project)) == 5


def test_match_takes_some_pages_from_the_index(project: Path, run: Vendor, docs: Docs) -> None:
    done = run("--index", docs.index, "--match", "en/tiktok/video/d*", "--match", "*/shop/*")

    assert done.code == 0, done.err
    assert set(lock(project)) == {LISTING_NAME, DETAIL[1:], SHOP[1:]}
    assert docs.asked(LIST) == []


def test_a_guide_in_the_index_is_skipped_and_said_to_be(
    project: Path, run: Vendor, docs: Docs
) -> None:
    docs.pages["/en/quickstart.md"] = "# Quickstart\n\n````bash\ncurl\n````\n"
    docs.publish_index()

    done = run("--index", docs.index)

    assert done.code == 0, done.err
    assert "skipped  en/quickstart.md: the page documents no operation" in done.out
    assert not (project / PAGES / "en/quickstart.md").exists()


def test_a_guide_given_itself_is_refused(run: Vendor, docs: Docs) -> None:
    docs.pages["/en/quickstart.md"] = "# Quickstart\n"
    assert_refused(run(docs.url + "/en/quickstart.md"), "en/quickstart.md", "no fenced block")


def test_a_dry_run_says_the_same_and_writes_nothing(project: Path, run: Vendor, docs: Docs) -> None:
    run("--index", docs.index)
    docs.pages[LISTING] += "\nmore\n"
    docs.pages["/en/new.md"] = page("/v1/tiktok/new/page")
    docs.publish_index(LISTING, DETAIL, SHOP, "/en/new.md")
    before = tree(project)

    dry = run("--index", docs.index, "--prune", "--dry-run")
    assert tree(project) == before
    wet = run("--index", docs.index, "--prune")

    assert dry.out == wet.out
    assert {line.split()[0] for line in dry.out.splitlines()} == {
        *("unchanged", "changed", "added", "dropped")
    }
    assert "nothing was written" in dry.err
    assert tree(project) != before


INDEXES = {
    "of nothing": ("# Docs\n", "links to no page"),
    "with an error in words": ("<html>Service unavailable</html>", "links to no page"),
    "of what is no page": ("[a](/a.html) [b](b.json) [c](c)", "links to no page"),
    "of more pages than there are": (
        "\n".join(f"- [p](/p{n}.md)" for n in range(MAX_LINKS + 1)),
        "more than 1,000 pages",
    ),
    "to another host": ("[a](https://evil.test/en/a.md)", "another server"),
    "to another port": ("[a](http://127.0.0.1:1/en/a.md)", "another server"),
    "to another host, hidden": ("[a](//evil.test/en/a.md)", "another server"),
    "to a file": ("[a](file:///etc/a.md)", "another server"),
    "to a script": ("[a](javascript:alert.md)", "another server"),
    "to data": ("[a](data:text/markdown,x.md)", "another server"),
    "to no port": ("[a](http://127.0.0.1:99999/a.md)", "another server"),
    "to no URL": ("[a](http://[::1/a.md)", "not a URL"),
    "with a control": ("[a](/a\x1bb.md)", "not a URL"),
    "that leaves the folder": ("[a](/en/%2e%2e/%2e%2e/a.md)", "not a valid page name"),
    "that leaves it in one part": ("[a](/..%2f..%2fa.md)", "not a valid page name"),
    "that leaves it as Windows does": ("[a](/..%5c..%5ca.md)", "not a valid page name"),
    "with a backslash": ("[a](/en\\a.md)", "not a valid page name"),
    "encoded twice": ("[a](/%252e%252e/a.md)", "not a valid page name"),
    "to an absolute path": ("[a](/%2fetc/a.md)", "not a valid page name"),
    "to a drive": ("[a](/c:/a.md)", "not a valid page name"),
    "with a NUL": ("[a](/a%00.md)", "not a valid page name"),
    "to a hidden file": ("[a](/.git/a.md)", "not a valid page name"),
    "to an option": ("[a](/-rf.md)", "not a valid page name"),
    "to nothing": ("[a](/.md)", "not a valid page name"),
    "with a folder like a page": ("[a](/a.md/b.md)", "not a valid page name"),
    "with a long name": (f"[a](/{'x' * 101}.md)", "not a valid page name"),
    "with a deep name": (f"[a](/{'x/' * 11}a.md)", "not a valid page name"),
    "with a query": ("[a](/a.md?b=c.md)", "a query"),
    "with a user": ("[a](http://me:secret@127.0.0.1:{port}/a.md)", "a user"),
    "of one page under two addresses": ("[a](/en/a.md) [b](/en/%61.md)", "the same page"),
    "of pages that differ in case": (
        "[a](/en/tiktok/video/list.md) [b](/EN/tiktok/shop/list.md)",
        "upper and lower case",
    ),
}


@pytest.mark.parametrize("case", INDEXES)
def test_a_hostile_index_is_refused_and_nothing_is_written(
    project: Path, run: Vendor, docs: Docs, case: str
) -> None:
    text, problem = INDEXES[case]
    docs.pages["/llms.txt"] = text.replace("{port}", str(docs.server_port))
    docs.pages["/EN/tiktok/shop/list.md"] = PUBLISHED[SHOP]
    before, around = tree(project), tree(project.parent)

    done = run("--index", docs.index)

    assert_refused(done, problem)
    assert "secret" not in done.err
    assert tree(project) == before
    assert tree(project.parent) == around
    if "case" not in case:
        assert [path for path, _ in docs.requests] == ["/llms.txt"], "no page was asked for"


def test_links_may_be_relative_repeated_and_decorated(
    project: Path, run: Vendor, docs: Docs
) -> None:
    docs.pages["/llms.txt"] = (
        f"> see [it](<{LIST[1:]}>)\n* [list]({LIST}#top 'title') and [again](./en/../{LIST[1:]})"
    )
    assert run("--index", docs.index).code == 0
    assert len(docs.asked(LIST)) == 1


def test_an_index_that_cannot_be_had_is_named(project: Path, run: Vendor, docs: Docs) -> None:
    docs.answers["/llms.txt"] = [Answer(404)]
    before = tree(project)

    assert_refused(run("--index", docs.index), docs.index, "answers 404")
    assert tree(project) == before


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("ftp://127.0.0.1/a.md", "only http and https"),
        ("http:///a.md", "only http and https"),
        ("http://127.0.0.1:99999/a.md", "no such port"),
        ("http://a:b@127.0.0.1/a.md", "a user"),
        ("http://[::1/a.md", "not a URL"),
        ("https://xn--/a.md", "not a URL"),
        ("http://127.0.0.1/en/page", "not a valid page name"),
        ("http://127.0.0.1/", "not a valid page name"),
    ],
)
def test_an_address_that_is_no_pages_is_refused(
    project: Path, run: Vendor, address: str, problem: str
) -> None:
    before = tree(project)
    assert_refused(run(address), problem)
    assert tree(project) == before


def test_a_link_in_the_pages_folder_is_not_written_through(
    project: Path, run: Vendor, docs: Docs, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / PAGES / "en/tiktok/video").symlink_to(outside)
    before = tree(project)

    done = run("--index", docs.index)

    assert_refused(done, "en/tiktok/video", "a link")
    assert list(outside.iterdir()) == []
    assert tree(project) == before


def test_a_page_that_is_a_link_is_refused(project: Path, run: Vendor, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (project / PAGES / "en/link.md").symlink_to(secret)

    done = run()

    assert_refused(done, "en/link.md", "symbolic link")
    assert "secret" not in done.err.replace("secret:", "")


def test_a_folder_in_a_pages_place_is_left_alone(project: Path, run: Vendor, docs: Docs) -> None:
    place = project / PAGES / LIST[1:]
    place.mkdir(parents=True)
    (place / "kept").write_text("kept")

    assert_refused(run(docs.url + LIST), "video/list.md", "it is a folder")
    assert (place / "kept").read_text() == "kept"


@pytest.mark.parametrize("watched", [True, False])
def test_progress_is_shown_to_who_watches_alone(
    run: Vendor, docs: Docs, monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty() if watched else os.pipe()
    with open(ours, "rb", buffering=0) as shown, open(theirs, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)

        done = run("--index", docs.index)

        stderr.write(".")  # there is always something to read
        stderr.flush()
        assert (b"Fetching pages" in shown.read(100_000)) is watched
    assert done.code == 0
    assert "Fetching" not in done.out


def test_options_of_an_index_need_one(script: Script) -> None:
    done = script("vendor.py", "--prune")
    assert done.returncode == 2
    assert "need --index" in done.stderr
