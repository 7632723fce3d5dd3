"""An update is tried on a copy, step after step, and takes effect atomically."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

import pytest

import page_words
import regenerate
import vendor
from conftest import Script, tree
from pipeline.cli import ROOT
from pipeline.commands.columns import columns_markdown, read_columns
from pipeline.commands.update import (
    CONTRACT_SUITE,
    Outcome,
    Runner,
    Step,
    Trial,
    run_in_subprocess,
    update,
)
from pipeline.document.text import fenced
from pipeline.errors import PipelineError
from pipeline.vendor.collect import Selection
from support.docs_site import MARKDOWN, Answer, Docs
from support.pages import EXAMPLE, LISTING_NAME, LISTING_PAGE, page

# In place of scripts/diff.py: says which paths each specification has.
DIFF = """
import json, sys
old, new, *options = sys.argv[1:]
assert (old, new) == ("committed", "updated"), "no scratch paths"
assert options == ["--format", "markdown"], options
spec = "generated/keyapi_tiktok/openapi.json"
before, after = (
    set(json.load(open(f"{path}/{spec}", encoding="utf-8"))["paths"]) for path in (old, new)
)
print("- paths added:", *sorted(after - before) or ["none"])
"""
# In place of the contract suite: the new client is the one that is imported, and it is whole.
CONTRACT = """
import json
from pathlib import Path
import keyapi_tiktok

def test_the_client_is_the_new_one():
    root = Path(__file__).parents[2]
    folder = Path(keyapi_tiktok.__file__).parent
    assert folder == root / "generated/keyapi_tiktok"
    paths = json.loads((folder / "openapi.json").read_text("utf-8"))["paths"]
    assert all(path.split("/")[-1] != "unlawful" for path in paths)
"""
LISTING, DETAIL = f"/{LISTING_NAME}", "/en/tiktok/video/detail.md"


@pytest.fixture
def checkout(project: Path) -> Path:
    """The copy of the project with scripts and a contract suite of its own."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts", project / "scripts", ignore=ignored)
    (project / "scripts/diff.py").write_text(DIFF)
    shutil.copytree(ROOT / "tests/recordings", project / "tests/recordings")
    (project / "tests/contract").mkdir(parents=True)
    (project / "tests/contract/test_client.py").write_text(CONTRACT)
    (project / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    return project


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs the steps that make the client in this process, without mypy, and records nothing.

    Plugins of pytest and worker processes, which these steps' tests do not need, take longer to
    start than they run.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "0")
    monkeypatch.setattr("pipeline.commands.regenerate.verify", lambda files, runtime: None)
    scripts = {
        "vendor.py": vendor.main,
        "page_words.py": page_words.main,
        "regenerate.py": regenerate.main,
    }

    def run(copy: Path, step: Step) -> Outcome:
        if step.name == "record.py":
            return Outcome(0, "", "")
        if step.name not in scripts:
            return run_in_subprocess(copy, step)
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            code = scripts[step.name](step.arguments)
        return Outcome(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def docs() -> Iterator[Docs]:
    """A site with the page that is here, and a new one."""
    listing = LISTING_PAGE.read_text("utf-8")
    with Docs({LISTING: listing, DETAIL: page("/v1/tiktok/video/detail")}) as site:
        site.publish_index()
        yield site


def test_what_every_step_agrees_to_takes_effect(
    checkout: Path,
    script: Script,
    docs: Docs,
    in_process: Runner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert script("page_words.py").returncode == 0
    before, summary = tree(checkout), tmp_path / "summary.md"

    def and_record(copy: Path, step: Step) -> Outcome:
        return (run_in_subprocess if step.name == "record.py" else in_process)(copy, step)

    monkeypatch.setattr("update.update", partial(update, runner=and_record))

    done = script("update.py", "--index", docs.index, "--summary", summary)

    assert done.returncode == 0, done.stderr
    after = tree(checkout)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert {name.split("/")[0] for name in changed} == {"openapi", "generated", "tests"}
    assert "generated/keyapi_tiktok/api/video/video_detail.py" in after
    text = summary.read_text("utf-8")
    assert done.stdout == text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        *("## Pages", "## Not in the specification", "## What it means", "## Checks")
    ]
    assert 'detail.md: not listed: operation: different: the heading "A page"' in text
    assert b"en/tiktok/video/detail.md:" in after["openapi/not-understood.yaml"]
    assert "    added  en/tiktok/video/detail.md: GET /v1/tiktok/video/detail" in text
    assert "- paths added: /v1/tiktok/video/detail" in text
    assert "| contract suite | `1 passed in " in text
    assert "### `en/tiktok/video/detail.md`: added" in text
    assert f"- From `{docs.url}{DETAIL}`" in text
    assert "+  /v1/tiktok/video/detail:" in text
    assert "`#/actions/0`: `403 is answered" in text
    assert str(Path(tempfile.gettempdir())) not in text
    assert script("regenerate.py", "--check").returncode == 0


def test_an_update_without_a_change_writes_nothing(
    checkout: Path, docs: Docs, in_process: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new ETag alone is no change."""
    docs.publish_index(LISTING)
    assert vendor.main(["--root", str(checkout), "--index", docs.index]) == 0
    capsys.readouterr()
    fresh = {"Content-Type": MARKDOWN, "ETag": '"other"'}
    docs.answers[LISTING] = [Answer(200, LISTING_PAGE.read_bytes(), fresh)]
    before = tree(checkout)

    assert update(checkout, ["--index", docs.index], None, dry_run=False, runner=in_process) == 0

    assert capsys.readouterr().out.startswith("## Nothing has changed\n")
    assert tree(checkout) == before


def test_a_dry_run_summarizes_and_changes_nothing(
    checkout: Path, docs: Docs, in_process: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(checkout)

    assert update(checkout, ["--index", docs.index], None, dry_run=True, runner=in_process) == 0

    assert "- paths added: /v1/tiktok/video/detail" in capsys.readouterr().out
    assert tree(checkout) == before


def test_a_correction_the_page_now_makes_itself_is_in_the_summary(
    checkout: Path, docs: Docs, in_process: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    docs.pages[LISTING] = docs.pages[LISTING].replace(
        "The maximum number of pages is 10.", "Rows per page, at most 10."
    )
    pages = [docs.url + LISTING]
    assert update(checkout, pages, None, dry_run=False, runner=in_process) == 0

    notes = capsys.readouterr().out.partition("## Notes\n")[2]
    assert notes.count("openapi/tiktok.overlay.yaml #/actions/4: the action is redundant") == 1


DECIDED = """
import pytest

def test_what_still_holds(): ...

def test_a_fact_stated_by_hand():
    assert "one" == "two"
"""


def test_a_fact_stated_by_hand_that_no_longer_holds_is_left_to_a_person(
    checkout: Path, docs: Docs, in_process: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what the contract suite says stops an update."""
    for folder in ("docs", "sandbox"):
        (checkout / "tests" / folder).mkdir()
        name = f"test_{folder}.py"
        (checkout / "tests" / folder / name).write_text(f"{DECIDED}\nUNMARKED = {folder!r}\n")

    assert update(checkout, ["--index", docs.index], None, dry_run=False, runner=in_process) == 0

    text = capsys.readouterr().out
    assert "| documents | `1 failed, 1 passed in " in text
    assert "| published client | `2 deselected in " in text
    decide = text.partition("## To decide\n")[2]
    assert "FAILED tests/docs/test_docs.py::test_a_fact_stated_by_hand" in decide
    assert "sandbox" not in decide
    assert (checkout / "openapi/pages" / DETAIL[1:]).exists()


def test_a_link_in_the_client_is_not_followed(
    checkout: Path, docs: Docs, in_process: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may lead to a device without end."""
    (client,) = checkout.glob("generated/*/openapi.json")
    client.with_name("link").symlink_to("nowhere")
    assert update(checkout, [docs.url + LISTING], None, dry_run=True, runner=in_process) == 0


OLD_SIZE, NEW_SIZE = "The maximum number of pages is 10.", "The maximum number of pages is 20."


def test_a_correction_of_what_has_changed_stops_the_update_until_it_is_decided(
    checkout: Path,
    docs: Docs,
    in_process: Runner,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    docs.pages[LISTING] = docs.pages[LISTING].replace(OLD_SIZE, NEW_SIZE)
    page, summary = [docs.url + LISTING], tmp_path / "summary.md"
    before = tree(checkout)

    with pytest.raises(PipelineError) as failure:
        update(checkout, page, summary, dry_run=False, runner=in_process)

    assert tree(checkout) == before
    assert failure.value.pointer == "#/actions/4"
    details = failure.value.details
    assert f'old: "{OLD_SIZE}"\n    new: "{NEW_SIZE}"\n' in details
    lines = details.partition("into the action, in place of its x-published:\n\n")[2]
    assert lines == f"    x-published:\n      description: {NEW_SIZE}\n"
    text = summary.read_text("utf-8")
    assert lines in text
    assert text.count("no longer says what the action corrects") == 1
    with pytest.raises(PipelineError, match="no longer says what the action corrects"):
        vendor_and_check(checkout, docs)

    overlay = checkout / "openapi/tiktok.overlay.yaml"
    text = overlay.read_text("utf-8").replace(
        f"    x-published:\n      description: {OLD_SIZE}\n", lines
    )
    overlay.write_text(text.replace("Rows per page, at most 10.", "Rows per page, at most 20."))
    assert update(checkout, page, None, dry_run=False, runner=in_process) == 0
    spec = json.loads((checkout / "generated/keyapi_tiktok/openapi.json").read_bytes())
    (parameter,) = (
        parameter
        for item in spec["paths"].values()
        for parameter in item["get"]["parameters"]
        if parameter["name"] == "page_size"
    )
    assert parameter["schema"]["maximum"] == 20


def vendor_and_check(checkout: Path, docs: Docs) -> None:
    """Run the two single steps on another copy."""
    copy = checkout.with_name("single")
    shutil.copytree(checkout, copy, symlinks=True)
    assert vendor.vendor(copy, Selection(urls=(docs.url + LISTING,))) == 0
    regenerate.regenerate(copy, check=True)


def broken(name: str, text: str) -> Callable[[Path, Docs], None]:
    """Gives a change that breaks one file of the project."""

    def change(root: Path, docs: Docs) -> None:
        (root / name).write_text(text, "utf-8")

    return change


def gone(root: Path, docs: Docs) -> None:
    del docs.pages[DETAIL]


def unfit(root: Path, docs: Docs) -> None:
    docs.pages[LISTING] = docs.pages[LISTING].replace("page_size", "page_rows")


def unlawful(root: Path, docs: Docs) -> None:
    docs.pages[DETAIL] = page("/v1/tiktok/video/unlawful")


FAILURES = {
    "vendor.py": (gone, "answers 404"),
    "diff.py": (broken("scripts/diff.py", "raise SystemExit('no difference')"), "no difference"),
    "regenerate.py": (broken("openapi/templates/model.py.jinja", "{% if %}"), "model.py.jinja"),
    CONTRACT_SUITE: (unlawful, "1 failed"),
    "openapi/tiktok.overlay.yaml": (unfit, "matches nothing; near it there is"),
}


@pytest.mark.parametrize("step", FAILURES)
def test_a_step_that_fails_leaves_everything_as_it_was(
    checkout: Path, docs: Docs, tmp_path: Path, in_process: Runner, step: str
) -> None:
    break_it, problem = FAILURES[step]
    break_it(checkout, docs)
    before, summary = tree(checkout), tmp_path / "summary.md"

    with pytest.raises(PipelineError) as failure:
        update(checkout, ["--index", docs.index], summary, dry_run=False, runner=in_process)

    assert str(failure.value).startswith(step)
    assert problem in str(failure.value)
    assert tree(checkout) == before
    assert f"## Failed: {step}" in summary.read_text("utf-8") or step.startswith("openapi")


def test_the_script_reports_a_failure_in_its_last_line_and_with_exit_code_2(
    checkout: Path,
    script: Script,
    docs: Docs,
    in_process: Runner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("update.update", partial(update, runner=in_process))
    gone(checkout, docs)
    before, summary = tree(checkout), tmp_path / "summary.md"

    done = script("update.py", "--index", docs.index, "--summary", summary)

    assert done.returncode == 2
    *_, line = done.stderr.splitlines()
    assert line.startswith("error: vendor.py")
    assert "answers 404" in line
    assert tree(checkout) == before
    assert "## Failed: vendor.py" in summary.read_text("utf-8")


def test_the_script_ends_with_exit_code_2_where_the_contract_is_broken(
    checkout: Path,
    script: Script,
    docs: Docs,
    in_process: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("update.update", partial(update, runner=in_process))
    unlawful(checkout, docs)
    before = tree(checkout)

    done = script("update.py", "--index", docs.index)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: {CONTRACT_SUITE}")
    assert tree(checkout) == before


def test_what_was_changed_meanwhile_is_not_overwritten(
    checkout: Path, docs: Docs, in_process: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Trial.run

    def meanwhile(self: Trial, arguments: list[str]) -> None:
        run(self, arguments)
        (checkout / "openapi/generator.yaml").write_text("# edited\n")

    monkeypatch.setattr(Trial, "run", meanwhile)

    with pytest.raises(PipelineError, match="meanwhile"):
        update(checkout, ["--index", docs.index], None, dry_run=False, runner=in_process)

    assert (checkout / "openapi/generator.yaml").read_text() == "# edited\n"
    assert not (checkout / "openapi/pages" / DETAIL[1:]).exists()


def test_a_fence_is_longer_than_any_in_its_text() -> None:
    text = "a\n~~~~~~~~\n# heading"
    first, *_, last = fenced(text).splitlines()
    assert first == "~" * 9 + "text"
    assert last == "~" * 9


def test_a_documented_answer_goes_with_its_example_and_a_recorded_one_stays(tmp_path: Path) -> None:
    recordings, client = tmp_path / "tests/recordings", tmp_path / "generated/keyapi_example"
    shutil.copytree(EXAMPLE / "recordings", recordings)
    client.mkdir(parents=True)
    spec = json.loads((EXAMPLE / "generated/keyapi_example/openapi.json").read_bytes())
    responses = spec["paths"]["/v1/tiktok/influencer/products/analytics"]["get"]["responses"]
    del responses["401"], responses["402"]
    (client / "openapi.json").write_text(json.dumps(spec))
    folder = recordings / "influencer_products_analytics"
    asked = folder / "402.har"
    asked.write_text(asked.read_text("utf-8").replace("documented example of", "recorded, not as"))
    shutil.copytree(folder, recordings / "gone")

    Trial(tmp_path)._drop_recordings()

    assert [path.name for path in recordings.iterdir()] == [folder.name]
    assert {path.stem for path in folder.iterdir()} == {"200", "400", "402", "429", "500"}


def test_columns_that_change_are_said_in_words(tmp_path: Path) -> None:
    before = {"a": {"id": "string", "n": "int64", "x": "list<`y`>"}, "gone": {"id": "string"}}
    after = {"a": {"id": "string", "n": "double", "new|": "bool"}, "added": {"id": "string"}}
    assert columns_markdown(before, after).splitlines()[2:] == [
        "- `a`: column `n` retyped from `int64` to `double`",
        "- `a`: column `x` removed, was `list<'y'>`",
        "- `a`: column `new|` added, `bool`",
    ]
    assert columns_markdown(before, before) == ""
    assert read_columns(tmp_path) == {}
