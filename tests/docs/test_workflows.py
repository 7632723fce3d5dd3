"""The workflows run what is pinned, and each job holds no more than it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.commands.update import UPDATED
from support.documents import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
LOCAL = re.compile(r"uses: \$/\.github/workflows/\w+\.yml")
HASHED = "pip install --require-hashes -r requirements/"

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return found


def every_job() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        yield from ((f"{path.stem}.{name}", job) for name, job in jobs(path).items())


def holders(name: str) -> list[str]:
    """The jobs that have a permission to write."""
    return [where for where, job in every_job() if job["permissions"].get(name) == "write"]


@each_workflow
def test_every_action_is_pinned_by_commit_and_says_which_version_that_is(path: Path) -> None:
    for line in path.read_text("utf-8").splitlines():
        if "uses:" in line:
            assert PINNED.search(line) or LOCAL.search(line), line


def test_an_action_has_one_pin() -> None:
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    pins = set(re.findall(r"uses: (\S+)@(\S+ # \S+)", text))
    assert len({action for action, _ in pins}) == len(pins)


@each_workflow
def test_nothing_is_installed_from_an_index_without_its_hash(path: Path) -> None:
    text = path.read_text("utf-8")
    for installs in re.findall(r"^.*\b(?:pip|pipx|uv|uvx)\b.*$", text, re.MULTILINE):
        assert HASHED in installs, installs


@pytest.mark.parametrize(
    "path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.stem
)
def test_every_requirement_has_its_version_and_hash_and_no_index(path: Path) -> None:
    text = path.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


@each_workflow
def test_a_job_may_do_only_what_it_says(path: Path) -> None:
    assert yaml.safe_load(path.read_text("utf-8"))["permissions"] == {}
    for name, job in jobs(path).items():
        assert isinstance(job["permissions"], dict), name
        assert "timeout-minutes" in job or "uses" in job, name
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_all_that_an_update_changes_is_proposed() -> None:
    text = (ROOT / ".github/workflows/update.yml").read_text("utf-8")
    assert f"git add --all {' '.join(UPDATED)}\n" in text
    assert re.findall(r"--include='([^']+)/\*'", text) == [*UPDATED]


def test_only_the_live_check_has_the_key_and_installs_nothing_beside_it() -> None:
    holding = []
    for path in WORKFLOWS:
        assert path.read_text("utf-8").count("secrets.") == (path.stem == "live")
        for name, job in jobs(path).items():
            assert "KEYAPI_TOKEN" not in job.get("env", {})
            for step in job.get("steps", ()):
                if "secrets." in str(step):
                    holding.append((path.stem, name, job["environment"]))
                    assert "uses" not in step
                    assert not re.search(
                        r"\b(pip|uv|nox)\b(?! -s live)", step["run"].replace(".nox", "")
                    )
    assert holding == [("live", "live", "live")]


def test_only_the_job_that_publishes_can_prove_who_it_is() -> None:
    assert holders("id-token") == ["release.publish"]
    publish = jobs(ROOT / ".github/workflows/release.yml")["publish"]
    assert publish["environment"] == "pypi"
    assert all("run" not in step for step in publish["steps"])  # nothing of this repository
    assert holders("contents") == ["docs.publish", "release.announce", "update.propose"]


def test_a_release_passes_the_checks_of_every_change_before_it_is_built() -> None:
    release = jobs(ROOT / ".github/workflows/release.yml")
    assert release["check"]["uses"] == "$/.github/workflows/ci.yml"
    needs = [(name, job.get("needs")) for name, job in release.items()]
    assert needs == [
        ("check", None),
        ("build", "check"),
        ("publish", "build"),
        ("announce", "publish"),
    ]
