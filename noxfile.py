"""Every check and task of this project; `nox -l` lists them, `nox` runs every check.

Sessions install the versions pinned in requirements/, which `nox -s lock` writes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = [
    "check",
    "tests",
    "tools",
    "contract",
    "coverage",
    "mutants",
    "docs",
    "package",
    "demo",
]

ROOT = Path(__file__).parent

# The tests start hundreds of processes; without bytecode, each compiles all it imports anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# Where the modules of scripts and tests are found by name.
_PATHS = {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("tests", "scripts"))}


def _runs(version: str) -> bool:
    """Whether an interpreter runs; a version manager may offer one that does not."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return True
    found = shutil.which(f"python{version}")
    if found is None:
        return False
    return subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0


PYTHONS = [version for version in ("3.11", "3.12", "3.13") if _runs(version)] or None


def _install(session: nox.Session, requirements: str) -> None:
    session.install("--require-hashes", "-r", f"requirements/{requirements}.txt")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")


def _pytest(session: nox.Session, *arguments: str) -> None:
    session.run("python", "-m", "pytest", "-n", "auto", *arguments)


def _measured(session: nox.Session, name: str, *arguments: str) -> None:
    """Run tests and keep which branches they cover, for the session `coverage`."""
    session.env["COVERAGE_FILE"] = str(ROOT / f".coverage.{name}")
    _pytest(session, *arguments, "--cov", "--cov-report=", "--cov-fail-under=0")


@nox.session
def check(session: nox.Session) -> None:
    """Style, types, import arrows, and that the committed client is what the spec gives."""
    _install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("pyright")
    session.run("lint-imports", env={"PYTHONPATH": "scripts"})
    session.run("python", "scripts/regenerate.py", "--check")
    session.run("python", "scripts/regenerate.py", "--check", "--root", "tests/support/example")
    session.run("zizmor", "--offline", "--quiet", ".github/workflows")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests of what is shipped, offline, on each Python that is here; the first measures.

    To measure takes a fifth of their time; `coverage` puts together what sessions measured.
    """
    _install(session, "dev")
    first = session.python in (None, (PYTHONS or [None])[0])
    shipped = [f"tests/{folder}" for folder in ("client", "sandbox", "cli")]
    if session.posargs:
        _pytest(session, *session.posargs)
    elif first:
        _measured(session, "tests", *shipped)
    else:
        _pytest(session, *shipped)


@nox.session
def tools(session: nox.Session) -> None:
    """The tests of what is not shipped: the pipeline, and what the contract suite is made of."""
    _install(session, "dev")
    if session.posargs:
        _pytest(session, *session.posargs)
    else:
        _pytest(session, "tests/pipeline")
        _measured(session, "tools", "tests/conformance")


@nox.session
def contract(session: nox.Session) -> None:
    """The contract suite, offline; `-- --seed random` explores, `-- --report DIR` reports."""
    _install(session, "dev")
    named = any(argument.startswith("tests/") for argument in session.posargs)
    if session.posargs:
        _pytest(session, *([] if named else ["tests/contract"]), *session.posargs)
    else:
        _measured(session, "contract", "tests/contract")


@nox.session
def coverage(session: nox.Session) -> None:
    """Every branch of what is shipped is covered by tests, tools and contract together."""
    _install(session, "dev")
    measured = [f".coverage.{name}" for name in ("tests", "tools", "contract")]
    session.run("coverage", "combine", "--keep", *measured)
    session.run("coverage", "report")


@nox.session
def mutants(session: nox.Session) -> None:
    """Plant faults in answers and specification, one at a time; a survivor fails."""
    _install(session, "dev")
    session.run("python", "scripts/mutants.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, where a warning is an error, and test it and every document."""
    _install(session, "dev")
    site = Path(session.create_tmp()).resolve() / "site"
    session.run("sphinx-build", "--quiet", "--fail-on-warning", "--keep-going", "docs", str(site))
    _pytest(session, "tests/docs", f"--site={site}", *session.posargs)


@nox.session(default=False)
def live(session: nox.Session) -> None:
    """Check the contract against the live API (`-- --max-credits N`), within a cap on credits."""
    _install(session, "dev")
    session.run("python", "-m", "conformance.live", *session.posargs, env=_PATHS)


@nox.session(default=False)
def scale(session: nox.Session) -> None:
    """Take 30, 60 and 120 pages of every shape through everything; print time by stage."""
    _install(session, "dev")
    session.run("python", "-m", "support.scale", *session.posargs, env=_PATHS)


@nox.session(default=False)
def changes(session: nox.Session) -> None:
    """Change the pages in every ordinary way, update, and test what came of it (`-- NAME ...`)."""
    _install(session, "dev")
    session.run("python", "-m", "support.changes", *session.posargs, env=_PATHS)


@nox.session(default=False)
def update(session: nox.Session) -> None:
    """Vendor (`-- --index URL`, say), explain, regenerate, check: everything or nothing."""
    _install(session, "dev")
    session.run("python", "scripts/update.py", *session.posargs)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Plant faults in what decides about retries and pages; print those no test notices."""
    _install(session, "dev")
    session.install("mutmut==3.8.1")
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def package(session: nox.Session) -> None:
    """Build sdist and wheel; the sdist builds the same wheel, and it runs from an empty place."""
    _install(session, "dev")
    folder = Path(session.create_tmp()).resolve()
    session.run("python", "scripts/package.py", str(folder))
    (wheel,) = folder.glob("*.whl")
    venv = folder / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    session.run("python", "-m", "venv", str(venv))
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    session.run(str(python), "-m", "pip", "install", "--quiet", str(wheel), external=True)
    with session.chdir(folder):
        program = ROOT / "tests" / "installed_program.py"
        session.run(str(python), str(program), external=True)


@nox.session
def demo(session: nox.Session) -> None:
    """The main job, offline: the page makes the client, and the client lists the products."""
    _install(session, "dev")
    session.run("python", "scripts/demo.py")
    session.run("keyapi", "demo")


@nox.session(default=False)
def regenerate(session: nox.Session) -> None:
    """Vendor the pages given (`-- PAGE ...`) and make the client from them."""
    _install(session, "pipeline")
    session.run("python", "scripts/vendor.py", *session.posargs)
    session.run("python", "scripts/regenerate.py")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Print this machine's figures, each a ratio or a time, median of several."""
    _install(session, "dev")
    session.run("python", "scripts/bench.py", *session.posargs)


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Pin the newest versions that pyproject.toml allows, with hashes and without an index."""
    session.install("uv")
    common = [
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
        "--no-header",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--quiet",
        "--upgrade",
    ]
    session.run(
        "uv",
        "pip",
        "compile",
        "pyproject.toml",
        "--all-extras",
        "--group=dev",
        *common,
        "--output-file=requirements/dev.txt",
    )
    session.run(
        "uv",
        "pip",
        "compile",
        "pyproject.toml",
        "--group=pipeline",
        "--constraints=requirements/dev.txt",
        *common,
        "--output-file=requirements/pipeline.txt",
    )
