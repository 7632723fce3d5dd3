"""One folder: which run a call resumes, what it refuses, and what damage it finds."""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest

from keyapi import BadRequest, ConfigurationError
from keyapi.export import ExportError, dry_run, export, retry, status, verify
from keyapi.export._checksums import RIGHT
from keyapi.export._files import Publisher
from keyapi.export._folder import Folder, today
from keyapi.export._reader import JournalReader, connect
from keyapi.export._target import RemoteTarget
from keyapi_example import TikTok
from support.creators import Creators, refusal
from support.exporting import DAY, KEY, expected, exported, rows_of, set_fact

IDS = [str(n) for n in range(1, 10)]


# --- Lists and arguments ------------------------------------------------------------------------


def test_ids_that_are_new_in_the_list_are_added(creators: Creators, out: Path) -> None:
    first = exported(creators, ["3", "4", "3"], out)
    assert (first.listed, first.added, first.ids) == (3, 2, 2)
    paid = set(creators.paid)
    second = exported(creators, ["5", "4"], out)
    assert (second.listed, second.added, second.ids, second.complete) == (2, 1, 3, True)
    assert {creator for creator, _ in set(creators.paid) - paid} == {"5"}
    assert rows_of(out) == expected(creators, {p for p in creators.pages if p[0] in "345"})


def test_a_column_that_is_not_there_is_refused_before_a_folder_is_made(
    creators: Creators, tmp_path: Path
) -> None:
    listed = tmp_path / "ids.csv"
    listed.write_text("a,b\n1,2\n")
    with pytest.raises(ConfigurationError, match="has no column 'c'; its columns: a, b"):
        exported(creators, f"{listed}:c", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"arguments": {"sort_type": "desc"}}, r"holds .* page_size=10, and this one .*sort_type"),
        ({"arguments": {"page_size": 5}}, "page_size=10, and this one .* page_size=5"),
        ({"max_pages": 3}, "max_pages=None, and this one has max_pages=3"),
    ],
)
def test_another_question_needs_another_folder(
    creators: Creators, out: Path, changed: Any, problem: str
) -> None:
    exported(creators, ["3"], out)
    with pytest.raises(ConfigurationError, match=problem):
        exported(creators, ["3"], out, **changed)
    assert exported(creators, ["3"], out, arguments={"page_size": 10}).complete
    with pytest.raises(ConfigurationError, match=problem):
        exported(creators, ["3"], out, as_of="2024-11-28", **changed)


def test_another_operation_needs_another_folder(creators: Creators, out: Path) -> None:
    exported(creators, ["3"], out)
    with (
        TikTok(KEY) as tiktok,
        pytest.raises(ConfigurationError, match="operation=influencer_products_analytics, and"),
    ):
        export(tiktok.shop.iter_list, ["US"], out, id_parameter="region", as_of=DAY)


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"arguments": {"size": 5}}, ConfigurationError, "has no argument 'size'; it has user_id"),
        ({"arguments": {"page_size": 500}}, BadRequest, "page_size must be"),
        ({"arguments": {"user_id": "1"}}, ConfigurationError, "takes the ids\\? Name it with"),
        ({"id_parameter": "size"}, ConfigurationError, "no argument 'size'"),
        (
            {"id_parameter": "user_id", "arguments": {"user_id": "1"}},
            ConfigurationError,
            "user_id takes the ids",
        ),
        ({"id_parameter": "category_id"}, ConfigurationError, "needs a value for user_id"),
        ({"max_pages": 0}, ConfigurationError, "max_pages must be at least 1"),
        ({"concurrency": 0}, ConfigurationError, "concurrency must be from 1 to 1000"),
        ({"as_of": "yesterday"}, ConfigurationError, "as_of must be a date like 2026-11-27"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_made(
    creators: Creators, out: Path, options: Any, error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        exported(creators, ["3"], out, **options)
    assert not out.exists() or not list(out.glob("journal*"))
    assert creators.asked.total() == 0


def test_methods_that_walk_no_pages_are_refused(out: Path) -> None:
    with TikTok(KEY) as tiktok:
        for method in (tiktok.influencer.products_analytics, TikTok, print):
            with pytest.raises(ConfigurationError, match=r"client\.influencer\.iter_products"):
                export(method, ["3"], out)


def test_the_budget_is_the_exports_not_the_clients(creators: Creators, out: Path) -> None:
    with pytest.raises(ConfigurationError, match="max_credits to the export instead"):
        exported(creators, ["3"], out, client={"max_credits": 5})
    assert not out.exists()


def test_at_most_so_many_pages_of_an_id_are_asked_for(creators: Creators, out: Path) -> None:
    creators.faults["9", 2] = lambda: refusal(500)
    exported(creators, IDS, out, max_pages=2)
    creators.faults.clear()
    assert exported(creators, IDS, out, max_pages=2).complete
    assert set(creators.paid) == {page for page in creators.pages if page[1] <= 2}


# --- Days ---------------------------------------------------------------------------------------


def test_another_day_is_another_run_with_a_budget_of_its_own(creators: Creators, out: Path) -> None:
    exported(creators, ["3"], out, max_credits=2)
    report = exported(creators, ["3"], out, as_of="2024-11-28", max_credits=2)
    assert (report.as_of, report.credits, report.pages) == ("2024-11-28", 2, 2)
    assert rows_of(out) == rows_of(out, "2024-11-28")
    assert status(out).runs == [DAY, "2024-11-28"]
    assert status(out, as_of=DAY).report.as_of == DAY
    assert verify(out, as_of=DAY).problems == verify(out).problems == []


def test_a_run_cannot_begin_on_a_day_that_is_nowhere_yet(creators: Creators, out: Path) -> None:
    for as_of in ("2999-01-01", (datetime.now(UTC) + timedelta(days=2)).date().isoformat()):
        with pytest.raises(ConfigurationError, match=f"as_of={as_of} is in the future: today is "):
            exported(creators, ["3"], out, as_of=as_of)
    assert list(out.glob("data/**/*")) == []
    first_to_change = datetime.now(timezone(timedelta(hours=14))).date().isoformat()
    assert exported(creators, ["3"], out, as_of=first_to_change).as_of == first_to_change
    assert exported(creators, ["3"], out, as_of="2020-02-02").as_of == "2020-02-02"


def test_a_run_that_began_on_an_earlier_day_is_not_resumed_unasked(
    creators: Creators, out: Path
) -> None:
    creators.faults["9", 3] = lambda: refusal(500)
    exported(creators, IDS, out, as_of=None)
    began(out, today(), "2020-01-01")
    creators.faults.clear()
    for as_of in (None, today()):
        with pytest.raises(ConfigurationError, match=r"began on 2020-01-01 .* 1 of 9 ids are open"):
            exported(creators, IDS, out, as_of=as_of, on_new_day="stop")
    assert exported(creators, IDS, out, as_of=None, on_new_day="continue").complete
    # What is finished mixes nothing.
    assert exported(creators, IDS, out, as_of=None, on_new_day="stop").complete


def test_a_finished_run_of_an_earlier_day_is_followed_by_todays(
    creators: Creators, out: Path
) -> None:
    exported(creators, ["3"], out, as_of="2020-01-01")
    report = exported(creators, ["3"], out, as_of=None, on_new_day="stop")
    assert report.as_of == today()
    assert creators.paid["3", 1] == 2


def began(out: Path, as_of: str, day: str) -> None:
    """Let a run have begun on another day."""
    set_fact(out, "started", day, as_of)


# --- Two at once --------------------------------------------------------------------------------


def test_a_second_export_in_a_folder_is_refused_while_the_first_runs(
    creators: Creators, out: Path
) -> None:
    arrived, go = threading.Event(), threading.Event()

    def wait() -> Any:
        arrived.set()
        go.wait(10)
        return refusal(404)

    creators.faults["3"] = wait
    first = threading.Thread(target=exported, args=(creators, ["3"], out))
    first.start()
    try:
        assert arrived.wait(10)
        assert status(out).running
        with pytest.raises(ExportError, match="Another export is running in"):
            exported(creators, ["4"], out)
    finally:
        go.set()
        first.join()
    assert not status(out).running
    assert exported(creators, ["4"], out).ids == 2


# --- Damage -------------------------------------------------------------------------------------


def test_a_file_in_place_of_a_journal_is_refused(creators: Creators, out: Path) -> None:
    out.mkdir()
    journal = out / f"journal-{DAY}.sqlite"
    for content in (b"not a database at all" * 100, b""):
        journal.write_bytes(content)
        for use in (
            lambda: exported(creators, ["3"], out),
            lambda: status(out),
            lambda: verify(out),
        ):
            with pytest.raises(ExportError, match=f"journal {journal} is damaged: .* backup"):
                use()
    assert creators.asked.total() == 0


def test_a_journal_damaged_in_its_middle_is_found_before_anything_is_sent(
    creators: Creators, out: Path
) -> None:
    exported(creators, IDS, out)
    journal = out / f"journal-{DAY}.sqlite"
    content = bytearray(journal.read_bytes())
    content[4096 : len(content) - 4096] = b"\x5a" * (len(content) - 8192)
    journal.write_bytes(content)
    asked = creators.asked.total()
    with pytest.raises(ExportError, match="is damaged"):
        exported(creators, [*IDS, "11"], out)
    assert creators.asked.total() == asked


@pytest.mark.once
def test_a_bit_that_changes_anywhere_in_a_journal_is_noticed_where_it_matters(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    creators.faults["2"] = lambda: refusal(404)
    creators.faults["9", 3] = lambda: refusal(500)
    exported(creators, IDS[:7], out)
    monkeypatch.setattr(Publisher, "run", lambda self: None)  # pages stay in the journal
    exported(creators, IDS, out)
    path = out / f"journal-{DAY}.sqlite"
    whole, content = path.read_bytes(), rows_of_journal(path)
    assert all(content)
    chosen = Random(7)  # noqa: S311 - no secret
    for place in chosen.sample(range(len(whole)), 100):
        changed = bytearray(whole)
        changed[place] ^= 1 << chosen.randrange(8)
        path.write_bytes(changed)
        try:
            with closing(JournalReader(path)) as journal:
                journal.check(published=True)
        except ExportError as error:
            said = str(error)
        else:
            said = None
            assert rows_of_journal(path) == content, f"byte {place} was not noticed"
        assert said is None or re.fullmatch(f"The journal {path} is damaged: .* Restore.*", said)


def rows_of_journal(path: Path) -> list[list[Any]]:
    """All that is in a journal, table by table."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)  # noqa: S608
            for table in RIGHT
        ]


@pytest.mark.parametrize("lost", ["pages", "files", "credits", "everything"])
def test_a_journal_that_is_older_than_the_files_is_not_continued(
    creators: Creators, out: Path, lost: str
) -> None:
    creators.faults["9", 2] = lambda: refusal(500)
    exported(creators, ["3", "9"], out)
    path = out / f"journal-{DAY}.sqlite"
    before = path.read_bytes()
    if lost != "credits":
        creators.faults.clear()
    exported(creators, ["3", "9", "4"] if lost == "everything" else ["3", "9"], out)
    newest, asked, files = path.read_bytes(), creators.asked.total(), parts(out)
    manifest = out / f"manifest-{DAY}.json"
    path.write_bytes(before)  # as without its -wal file
    if lost == "files":
        manifest.unlink()
    if lost == "everything":
        path.unlink()
    newer = f"data/_as_of={DAY}/part-000002.parquet" if lost == "files" else manifest.name
    if lost == "everything":  # a new journal, which has nothing to do with the manifest
        newer = f"data/_as_of={DAY}/part-000001.parquet, .*part-000002.parquet"
    problem = f"The journal {path} is older than the files .* remove what is newer: .*{newer}"
    with pytest.raises(ExportError, match=problem):
        exported(creators, ["3", "9"], out)
    assert (creators.asked.total(), parts(out)) == (asked, files)
    if lost in ("pages", "credits"):
        assert re.match(problem, verify(out).problems[0])

    path.write_bytes(newest)
    exported(creators, ["3", "9"], out)
    assert verify(out).problems == []
    if lost == "pages":  # paid again, as the message said
        path.write_bytes(before)
        manifest.unlink()
        (out / "data" / f"_as_of={DAY}" / "part-000002.parquet").unlink()
        assert exported(creators, ["3", "9"], out).complete
        assert verify(out).problems == []


def parts(out: Path) -> list[str]:
    """The names of the published files."""
    return sorted(path.name for path in out.glob("data/*/*"))


def test_a_journal_of_another_version_is_refused(creators: Creators, out: Path) -> None:
    exported(creators, ["3"], out)
    with sqlite3.connect(out / f"journal-{DAY}.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match=r"has format 99, and this version"):
        status(out)


def test_verify_finds_files_that_are_missing_changed_or_wrong(
    creators: Creators, out: Path
) -> None:
    exported(creators, IDS, out)
    (path,) = out.glob("data/*/*.parquet")
    whole = path.read_bytes()
    manifest = out / f"manifest-{DAY}.json"
    listed = manifest.read_text()

    def problems() -> str:
        return " ".join(verify(out).problems)

    path.write_bytes(whole[:-1] + b"x")
    assert f"{path} was changed: its SHA-256 is" in problems()
    path.unlink()
    assert f"{path} is missing: restore it from a backup" in problems()
    path.mkdir()
    assert f"{path} cannot be read" in problems()
    path.rmdir()

    for change, problem in (
        (lambda table: table.slice(1), "page 1 of 2 with 4 rows where the journal has page 1 of 2"),
        (lambda table: table.slice(0, 5), "is in no file"),
        (lambda table: table.take([*range(len(table)), 0]), "where the journal has nothing"),
    ):
        path.write_bytes(whole)
        pq.write_table(change(pq.ParquetFile(path).read()), path)
        trust(out, path)
        assert problem in problems()
    path.write_bytes(whole)
    trust(out, path)
    change_files(out, "rows", 7)
    assert "and the journal says 7" in problems()

    manifest.write_text("{}")
    assert "cannot be read: KeyError('files'); run the export again" in problems()
    manifest.unlink()
    assert f"{manifest} is missing" in problems()
    manifest.write_text(listed.replace('"sha256": "', '"sha256": "0'))
    assert "lists other files than the journal" in problems()


def trust(out: Path, path: Path) -> None:
    """Let the journal name the file's bytes, as if it had been written like that."""
    from hashlib import sha256

    change_files(out, "sha256", sha256(path.read_bytes()).hexdigest())


def change_files(out: Path, column: str, value: Any) -> None:
    """Let the journal have known something else of its files all along."""
    changed = {"rows": "rows", "sha256": "sha256", column: "?1"}
    with closing(connect(out / f"journal-{DAY}.sqlite")) as connection:
        connection.execute(
            f"UPDATE files SET {column} = ?1,"  # noqa: S608 - of the tests
            f" crc = checksum(name, first, last, {changed['rows']}, bytes, {changed['sha256']})",
            (value,),
        )


def test_a_run_again_writes_the_manifest_anew(creators: Creators, out: Path) -> None:
    exported(creators, IDS, out)
    (out / f"manifest-{DAY}.json").unlink()
    exported(creators, IDS, out)
    assert verify(out).problems == []


def test_what_an_earlier_process_left_unfinished_is_removed(creators: Creators, out: Path) -> None:
    exported(creators, ["3"], out)
    folder = out / "data" / f"_as_of={DAY}"
    for name in ("part-000002.parquet", ".part-000002.parquet.tmp"):
        (folder / name).write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    exported(creators, ["3", "4"], out)
    assert sorted(os.listdir(folder)) == ["notes.txt", "part-000001.parquet", "part-000002.parquet"]
    assert verify(out).problems == []


def test_folders_without_an_export_are_named(creators: Creators, tmp_path: Path) -> None:
    for use in (status, verify, lambda folder: retry(TikTok(KEY), folder)):
        with pytest.raises(ConfigurationError, match=f"No export found in {tmp_path}"):
            use(tmp_path)
        with pytest.raises(ConfigurationError, match=r"No export found in .*nowhere"):
            use(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=f"No export found in {tmp_path}"):
        status(tmp_path, as_of=DAY)
    exported(creators, ["3"], tmp_path / "out")
    with pytest.raises(ConfigurationError, match=f"No run for 2024-11-20 .* newest runs: {DAY}"):
        status(tmp_path / "out", as_of="2024-11-20")


# --- Disk and permissions -----------------------------------------------------------------------


def test_a_full_disk_under_the_journal_ends_the_export(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keyapi.export import _journal

    connect = _journal.connect

    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        return connection

    exported(creators, ["1"], out)
    with monkeypatch.context() as patch:
        patch.setattr(_journal, "connect", small)
        with pytest.raises(ExportError, match=r"Cannot write .*journal.*: the disk is full. Free"):
            exported(creators, IDS, out)
    assert exported(creators, IDS, out).complete
    assert rows_of(out) == expected(creators, creators.pages)
    assert verify(out).problems == []


@pytest.mark.parametrize("what", ["write_table", "replace", "fsync"])
def test_a_full_disk_under_the_files_publishes_nothing_half(
    creators: Creators, out: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    from keyapi.export import _files, _target

    owner = {"write_table": _files.pq.ParquetWriter, "replace": _target.os, "fsync": _target.os}
    function = getattr(owner[what], what)
    exported(creators, [], out)  # the journal is there

    def full(*arguments: Any, **options: Any) -> Any:
        if what == "replace" and not str(arguments[1]).endswith(".parquet"):
            return function(*arguments)  # the journal's
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(owner[what], what, full)
        with pytest.raises(ExportError, match=r"Cannot write .*part-000001.parquet: the disk is"):
            exported(creators, IDS, out)
    assert not list(out.glob("data/*/part*"))
    paid = creators.charged
    assert exported(creators, IDS, out).complete
    assert creators.charged == paid
    assert rows_of(out) == expected(creators, creators.pages)


def test_a_folder_that_cannot_be_written_is_named(
    creators: Creators, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigurationError, match=f"Cannot write in the folder {file}/out"):
        exported(creators, ["3"], file / "out")
    assert creators.asked.total() == 0


def test_another_place_for_the_files_is_refused(creators: Creators, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    exported(creators, ["3"], tmp_path / "a", journal=journal)
    assert rows_of(tmp_path / "a") == expected(creators, {("3", 1), ("3", 2)})
    assert verify(journal).problems == []
    with pytest.raises(ConfigurationError, match=r"are in .*/a, not in .*/b"):
        exported(creators, ["3"], tmp_path / "b", journal=journal)
    os.rename(tmp_path / "a", tmp_path / "moved")
    assert verify(journal, out=tmp_path / "moved").problems == []


def test_files_go_to_any_file_system_of_pyarrow(creators: Creators, tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/bucket"
    with pytest.raises(ConfigurationError, match="is not a local folder, and the journal needs"):
        exported(creators, ["3"], uri)
    with pytest.raises(ConfigurationError, match="Cannot export to nowhere://bucket"):
        exported(creators, ["3"], "nowhere://bucket", journal=tmp_path / "other")
    journal = tmp_path / "journal"
    report = exported(creators, IDS, uri, journal=journal)
    assert report.folder == uri
    assert rows_of(tmp_path / "bucket") == expected(creators, creators.pages)
    assert verify(journal).problems == []
    orphan = tmp_path / "bucket" / "data" / f"_as_of={DAY}" / "part-000002.parquet"
    orphan.write_bytes(b"half")
    creators.rows["11"] = 3
    exported(creators, [*IDS, "11"], uri, journal=journal)
    assert verify(journal).problems == []


def test_a_place_that_cannot_be_written_is_told_before_anything_is_paid_for(
    creators: Creators, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    uri = f"file://{tmp_path}/file/bucket"
    with pytest.raises(ExportError, match=r"Cannot write file://.*/file/bucket/data/_as_of="):
        exported(creators, IDS, uri, journal=tmp_path / "journal")
    assert not creators.asked


def test_no_password_of_a_uri_gets_into_a_journal(creators: Creators, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"has a password.*AWS_ACCESS_KEY_ID") as caught:
        exported(creators, IDS, "s3://user:c4nary@bucket/x", journal=tmp_path / "journal")
    assert "c4nary" not in str(caught.value)


def test_options_of_a_uri_stay_behind_the_names_of_its_files(tmp_path: Path) -> None:
    place = RemoteTarget("s3://bucket/x?region=y", None, "bucket/x", tmp_path)
    assert place.path("ids/ids.parquet") == "s3://bucket/x/ids/ids.parquet?region=y"


# --- Before and besides -------------------------------------------------------------------------


def test_a_dry_run_tells_bounds_and_what_the_last_run_makes_likely(
    creators: Creators, out: Path
) -> None:
    with TikTok(KEY, rate="20/s") as tiktok:
        walk = tiktok.influencer.iter_products_analytics
        estimate = dry_run(walk, [*IDS, ""], out)
        assert (estimate.ids, estimate.blank, estimate.least, estimate.likely) == (9, 1, 9, None)
        assert (estimate.most, estimate.rate) == (9 * 100_000, 20)
        assert estimate.seconds(100) == 5
        assert not out.exists()
        exported(creators, IDS, out)
        estimate = dry_run(walk, [str(n) for n in range(90)], out, max_pages=4)
        assert (estimate.based_on, estimate.most) == (DAY, 360)
        assert estimate.likely == round(90 * len(creators.pages) / 9)
        estimate = dry_run(
            tiktok.with_options(rate=None).influencer.iter_products_analytics, IDS, out
        )
        assert estimate.seconds(100) is None


def test_a_dry_run_of_a_run_that_has_begun_says_what_is_left(creators: Creators, out: Path) -> None:
    creators.faults["2"] = lambda: refusal(404)
    creators.faults["9", 3] = lambda: refusal(500)
    creators.faults["8"] = lambda: refusal(500)
    exported(creators, IDS[1:], out)
    with TikTok(KEY) as tiktok:
        walk = tiktok.influencer.iter_products_analytics
        estimate = dry_run(walk, IDS, out, as_of=DAY)
        assert (estimate.ids, estimate.resumes, estimate.ended) == (9, DAY, 6)
        average = sum(n // 2 + 1 for n in range(2, 7)) / 5  # of 3 to 7, which have all their pages
        assert (estimate.least, estimate.likely) == (3, round(3 * average - 2))
        assert dry_run(walk, IDS, out) == estimate
        assert dry_run(walk, IDS, out, as_of="2024-11-28").resumes is None
        assert dry_run(walk, IDS, out, max_pages=2).ended == 0  # it would be refused
        with pytest.raises(ConfigurationError, match="as_of must be a date"):
            dry_run(walk, IDS, out, as_of="soon")
    creators.faults.clear()
    exported(creators, IDS, out)
    with TikTok(KEY) as tiktok:
        walk = tiktok.influencer.iter_products_analytics
        assert dry_run(walk, IDS, out).resumes is None  # a new run, of today
        assert dry_run(walk, IDS, out, as_of=DAY).least == 0


def test_a_locked_folder_is_told_without_a_lock_file(tmp_path: Path) -> None:
    assert not Folder(tmp_path).is_locked()
