"""An update is tried on a copy, step after step, and takes effect whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import update as module
from conftest import Script, tree
from pipeline.cli import ROOT
from pipeline.errors import PipelineError
from support.docs_site import MARKDOWN, Answer, Docs
from support.pages import REAL_NAME, REAL_PAGE, page
from update import fenced, update

# In place of scripts/diff.py: says which paths each specification has.
DIFF = """
import json, sys
old, new, *options = sys.argv[1:]
assert options == ["--format", "markdown"], options
before, after = (set(json.load(open(path, encoding="utf-8"))["paths"]) for path in (old, new))
print("- paths added:", *sorted(after - before) or ["none"])
"""
# In place of the contract suite: the new client is the one that is imported, and it is whole.
CONTRACT = """
import json
from pathlib import Path
import keyapi_tiktok

def test_the_client_is_the_new_one():
    root = Path(__file__).parents[3]
    folder = Path(keyapi_tiktok.__file__).parent
    assert folder == root / "generated/keyapi_tiktok"
    paths = json.loads((folder / "openapi.json").read_text("utf-8"))["paths"]
    assert all(path.split("/")[-1] != "unlawful" for path in paths)
"""
DETAIL = "/en/tiktok/video/detail.md"


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
def docs() -> Iterator[Docs]:
    """A site with the page that is here, and a new one."""
    real = REAL_PAGE.read_text("utf-8")
    with Docs({f"/{REAL_NAME}": real, DETAIL: page("/v1/tiktok/video/detail")}) as site:
        site.publish_index()
        yield site


def test_what_every_step_agrees_to_takes_effect(
    checkout: Path, script: Script, docs: Docs, tmp_path: Path
) -> None:
    before, summary = tree(checkout), tmp_path / "summary.md"

    done = script("update.py", "--index", docs.index, "--summary", summary)

    assert done.returncode == 0, done.stderr
    after = tree(checkout)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert {name.split("/")[0] for name in changed} == {"openapi", "generated", "tests"}
    assert "generated/keyapi_tiktok/api/video/video_detail.py" in after
    text = summary.read_text("utf-8")
    assert done.stdout == text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        *("## Pages", "## What it means", "## Checks")
    ]
    assert "    added  en/tiktok/video/detail.md: GET /v1/tiktok/video/detail" in text
    assert "- paths added: /v1/tiktok/video/detail" in text
    assert "1 passed" in text
    assert script("regenerate.py", "--check").returncode == 0


def test_an_update_without_a_change_writes_nothing(
    checkout: Path, script: Script, docs: Docs
) -> None:
    """A new ETag alone is no change."""
    docs.publish_index(f"/{REAL_NAME}")
    script("vendor.py", "--index", docs.index)
    fresh = {"Content-Type": MARKDOWN, "ETag": '"other"'}
    docs.answers[f"/{REAL_NAME}"] = [Answer(200, REAL_PAGE.read_bytes(), fresh)]
    before = tree(checkout)

    done = script("update.py", "--index", docs.index)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## Nothing has changed\n")
    assert tree(checkout) == before


def test_a_dry_run_summarizes_and_changes_nothing(
    checkout: Path, script: Script, docs: Docs
) -> None:
    before = tree(checkout)

    done = script("update.py", "--index", docs.index, "--dry-run")

    assert done.returncode == 0, done.stderr
    assert "- paths added: /v1/tiktok/video/detail" in done.stdout
    assert tree(checkout) == before


def test_a_correction_the_page_now_makes_itself_is_in_the_summary(
    checkout: Path, script: Script, docs: Docs
) -> None:
    docs.pages[f"/{REAL_NAME}"] = docs.pages[f"/{REAL_NAME}"].replace(
        "The maximum number of pages is 10.", "Rows per page, at most 10."
    )
    done = script("update.py", docs.url + f"/{REAL_NAME}")

    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("## Notes\n")[2]
    assert notes.count("openapi/tiktok.overlay.yaml #/actions/3: the action is redundant") == 1


def broken(name: str, text: str) -> Callable[[Path, Docs], None]:
    """Gives a change that breaks one file of the project."""

    def change(root: Path, docs: Docs) -> None:
        (root / name).write_text(text, "utf-8")

    return change


def unlawful(root: Path, docs: Docs) -> None:
    docs.pages[DETAIL] = page("/v1/tiktok/video/unlawful")


def gone(root: Path, docs: Docs) -> None:
    del docs.pages[DETAIL]


def unfit(root: Path, docs: Docs) -> None:
    docs.pages[f"/{REAL_NAME}"] = docs.pages[f"/{REAL_NAME}"].replace("page_size", "page_rows")


FAILURES = {
    "vendor.py": (gone, "answers 404"),
    "diff.py": (broken("scripts/diff.py", "raise SystemExit('no difference')"), "no difference"),
    "regenerate.py": (broken("openapi/templates/model.py.jinja", "{% if %}"), "model.py.jinja"),
    "contract suite": (unlawful, "1 failed"),
    "openapi/tiktok.overlay.yaml": (unfit, "matches nothing; near it there is"),
}


@pytest.mark.parametrize("step", FAILURES)
def test_a_step_that_fails_leaves_everything_as_it_was(
    checkout: Path, script: Script, docs: Docs, tmp_path: Path, step: str
) -> None:
    break_it, problem = FAILURES[step]
    break_it(checkout, docs)
    before, summary = tree(checkout), tmp_path / "summary.md"

    done = script("update.py", "--index", docs.index, "--summary", summary)

    assert done.returncode == 2
    *_, line = done.stderr.splitlines()
    assert line.startswith(f"error: {step}")
    assert problem in line
    assert tree(checkout) == before
    assert f"## Failed: {step}" in summary.read_text("utf-8") or step.startswith("openapi")


def test_what_was_changed_meanwhile_is_not_overwritten(
    checkout: Path, docs: Docs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = module.Trial.run

    def meanwhile(self: module.Trial, arguments: list[str]) -> None:
        run(self, arguments)
        (checkout / "openapi/generator.yaml").write_text("# edited\n")

    monkeypatch.setattr(module.Trial, "run", meanwhile)

    with pytest.raises(PipelineError, match="meanwhile"):
        update(checkout, ["--index", docs.index], None, dry_run=False)

    assert (checkout / "openapi/generator.yaml").read_text() == "# edited\n"
    assert not (checkout / "openapi/pages" / DETAIL[1:]).exists()


def test_a_fence_is_longer_than_any_in_its_text() -> None:
    text = "a\n~~~~~~~~\n# heading"
    first, *_, last = fenced(text).splitlines()
    assert first == "~" * 9 + "text"
    assert last == "~" * 9
