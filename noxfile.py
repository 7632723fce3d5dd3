"""Every check and task of this project; `nox -l` lists them, `nox` runs every check.

`dev` makes the environment of almost all of them, from the versions pinned in requirements/, which
`nox -s lock` writes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"  # `requires`
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True

ROOT = Path(__file__).parent
DEV = ROOT / ".nox" / "dev"
SUPPLY = ROOT / ".nox" / "supply"

# The sessions start many processes; without bytecode, each compiles everything it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# Where the modules of scripts and tests are found by name.
_PATHS = {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("tests", "scripts"))}


_OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def _runs(version: str) -> bool:
    """Whether another Python is here and runs; a version manager may offer one that does not."""
    found = shutil.which(f"python{version}")
    if found is None or version == _OWN:
        return False
    return subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0


PYTHONS = ("3.11", "3.12", "3.13", "3.14")
OTHER_PYTHONS = [version for version in PYTHONS if _runs(version)]
# What works with the oldest and the newest works between them; the nightly workflow tries all.
_HERE = [version for version in PYTHONS if version in (_OWN, *OTHER_PYTHONS)]
_EACH_CHANGE = [version for version in OTHER_PYTHONS if version in (_HERE[0], _HERE[-1])]
nox.options.sessions = ["together"]

# The plugins of what generates cases take a second to import, for nothing here.
SHIPPED = [f"tests/{folder}" for folder in ("client", "sandbox", "cli", "export")]
SHIPPED += ["-p", "no:schemathesis", "-p", "no:hypothesispytest"]
# What users have before them in an editor.
SHOWN = ("generated", "tests/sample_program.py", "tests/frozen_program.py")
TOOLS = ("tests/pipeline", "tests/conformance")
in_dev = partial(nox.session, venv_backend="none", requires=["dev"])


def _pinned(session: nox.Session, requirements: str) -> None:
    session.install("--require-hashes", "-r", f"requirements/{requirements}.txt")


def _install(session: nox.Session, requirements: str) -> None:
    _pinned(session, requirements)
    session.install("--no-deps", "--no-build-isolation", "-e", ".")


def _run(
    session: nox.Session,
    program: str,
    *arguments: str,
    silent: bool = False,
    folder: Path = DEV,
    **env: str,
) -> None:
    """Run a program of the environment that `dev` makes; a silent one prints only if it fails."""
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    path = os.pathsep.join((str(programs), os.environ["PATH"]))
    session.run(str(programs / program), *arguments, env={"PATH": path, **env}, silent=silent)


# A long test near the end keeps no other waiting behind it.
_PARALLEL = ("-n", "auto", "--dist", "worksteal")


def _pytest(session: nox.Session, *arguments: str, folder: Path = DEV, **env: str) -> None:
    _run(session, "python", "-m", "pytest", *_PARALLEL, *arguments, folder=folder, **env)


def _chosen(
    session: nox.Session, tests: Sequence[str], *, most: int, without: Sequence[str] = ("slow",)
) -> tuple[str, ...]:
    """Options of pytest: what is given; or those tests, with every case and mark (`-- --all`).

    By default at most so many cases of each test run, and none with one of the marks `without`.
    """
    if session.posargs == ["--all"]:
        return tuple(tests)
    marks = " and ".join(f"not {mark}" for mark in without)
    return tuple(session.posargs) or (*tests, "--cases", str(most), "-m", marks)


def _side_by_side(*tasks: Callable[[], object]) -> None:
    """Run as many tasks at a time as there are cores, in their order; the first error counts."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(task) for task in tasks]
    for each in running:
        each.result()


@in_dev(default=False)
def fuzz(session: nox.Session) -> None:
    """Mutate pages for some time: each must be used, or refused with one line, in linear time.

    By default a minute over the pages of the example: `nox -s fuzz -- --seconds 600 PAGE ...`. Then
    half a minute over whatever else the scripts read: overlay, lock, options, specifications, with
    a survey and an update of the project each time.
    """
    _run(session, "python", "-m", "support.page_fuzzer", *session.posargs, **_PATHS)
    _run(session, "python", "-m", "support.document_fuzzer", **_PATHS)


@nox.session(default=False)
def dev(session: nox.Session) -> None:
    """Make the environment that the other sessions use; each of them sees to it."""
    _install(session, "dev")


@in_dev
def check(session: nox.Session) -> None:
    """Style, types, import arrows, and that the committed client is what the spec gives.

    mypy reads all code. pyright, which takes 40 s for that, reads what users have before them: the
    generated client, and programs that use it. With `-- --all` it reads the runtime, too.
    """
    read_by_pyright = () if session.posargs == ["--all"] else SHOWN
    regenerate = ("python", "scripts/regenerate.py", "--check")
    commands = (  # side by side, those that take longest first; each prints only if it fails
        ("mypy",),
        ("pyright", *read_by_pyright),
        (*regenerate, "--root", "tests/support/example"),
        regenerate,
        ("lint-imports",),
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("zizmor", "--offline", "--quiet", ".github/workflows"),
    )
    run = partial(_run, session, silent=True, PYTHONPATH="scripts")
    _side_by_side(*(partial(run, *command) for command in commands))


@in_dev
def tests(session: nox.Session) -> None:
    """The tests of what is shipped, offline.

    At most two cases of each test, which differ in data, and none that is slow for what it can
    find; `-- --all` runs all, as `coverage` does, which CI runs beside `nox`.
    """
    _pytest(session, *_chosen(session, SHIPPED, most=2))


@nox.session(python=OTHER_PYTHONS, default=False)
def environment(session: nox.Session) -> None:
    """Make the environment of another Python, as `dev` makes that of the first."""
    _install(session, "dev")


def _environments(versions: Sequence[str]) -> list[str]:
    return [f"environment-{version}" for version in versions]


@nox.session(default=False, venv_backend="none", requires=_environments(OTHER_PYTHONS))
def pythons(session: nox.Session) -> None:
    """The same on each other Python that is here, but for tests that start processes.

    These take a fifth of the time, and show signals, pipes and what workers share on a disk or in
    Redis, none of which depends on the version of Python. Of the others, those run that are not
    marked `once` or `slow`, with one case each; `-- --all` runs all of them, and every case.
    """
    for version in OTHER_PYTHONS:
        _tests_on(session, version)


def _tests_on(session: nox.Session, version: str) -> None:
    tests, without = (*SHIPPED, "-m", "not process"), ("process", "once", "slow")
    folder = ROOT / ".nox" / f"environment-{version.replace('.', '-')}"
    _pytest(session, *_chosen(session, tests, most=1, without=without), folder=folder)


@nox.session(default=False, venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """The same with the lowest versions of all that pyproject.toml names, which it says suffice."""
    extras = ".[all,dlt,dask,testing,conformance]"
    session.install("--resolution", "lowest-direct", "-e", extras, "--group", "dev")
    session.run("python", "-m", "pytest", *_PARALLEL, *SHIPPED, "-m", "not process")


@in_dev
def tools(session: nox.Session) -> None:
    """The tests of what is not shipped: the pipeline, and what the contract suite is made of.

    One case of each test, of those that differ in data, and none that is slow for what it can find;
    `-- --all` runs all.
    """
    _pytest(session, *_chosen(session, TOOLS, most=1))


@in_dev(default=False)
def contract(session: nox.Session) -> None:
    """The contract suite, offline; `-- --seed random` explores, `-- --report DIR` reports."""
    named = any(argument.startswith("tests/") for argument in session.posargs)
    # In one process: on one page, workers take longer to start than they save.
    _pytest(session, "-n", "0", *([] if named else ["tests/contract"]), *session.posargs)


@in_dev(default=False)
def coverage(session: nox.Session) -> None:
    """Every branch of what programs use is tested, and 90 % of what the contract suite is made of.

    Measuring doubles what a test takes, so `tests` does not; CI measures each change beside it.
    """
    _pytest(session, *SHIPPED, "--cov")
    measured = ("--cov=keyapi.conformance", "--cov-branch", "--cov-fail-under=90")
    data = str(ROOT / ".coverage.conformance")
    folders = ("tests/conformance", "tests/contract")
    _pytest(session, *folders, *measured, "--cov-config=/dev/null", COVERAGE_FILE=data)


@in_dev(default=False)
def mutants(session: nox.Session) -> None:
    """Plant faults, one at a time: a sample by seed, or `-- --all` of them.

    By default none in code: each that goes unnoticed takes a whole run of the suite. The nightly
    workflow plants all; by day, `tools` plants some in the code of a client.
    """
    places = ("answer", "server", "specification", "page", "overlay", "rule")
    # In one process: a second one takes half as long to start as the sample takes.
    by_day = (*(f"--place={place}" for place in places), "--seed=15", "--processes=1")
    _run(session, "python", "scripts/mutants.py", *(session.posargs or by_day))


@in_dev(default=False)
def docs(session: nox.Session) -> None:
    """Build the site, where a warning is an error, and test it and every document."""
    site = _built_site(session)
    # In one process: workers would take longer to start than they save.
    _pytest(session, "-n", "0", "tests/docs", f"--site={site}", *session.posargs)


def _built_site(session: nox.Session) -> Path:
    site = Path(session.create_tmp()).resolve() / "site"
    options = ("--quiet", "--fail-on-warning", "--keep-going", "--jobs", "auto")
    _run(session, "sphinx-build", *options, "docs", str(site))
    return site


@in_dev(default=False)
def browser(session: nox.Session) -> None:
    """Open each page of the site and a report in Chromium; `-- --pictures DIR` keeps what it sees.

    At 1280 and at 400 pixels nothing may be asked of another machine, fail, or be wider than the
    page, and the search must find a word.
    """
    site = _built_site(session)
    _pytest(session, "tests/contract/test_golden.py", f"--report={site / 'report'}")
    test = ("tests/docs/test_browser.py", "-p", "no:xdist")
    options = ("--browser", f"--site={site}", *session.posargs)
    _run(session, "python", "-m", "pytest", *test, *options)


@in_dev(default=False)
def live(session: nox.Session) -> None:
    """Check the contract against the live API (`-- --max-credits N`), within a cap on credits."""
    _run(session, "python", "-m", "conformance.live", *session.posargs, **_PATHS)


@in_dev(default=False)
def scale(session: nox.Session) -> None:
    """Take 30, 60 and 120 pages of every shape through everything; print time by stage."""
    _run(session, "python", "-m", "support.scale", *session.posargs, **_PATHS)


@in_dev(default=False)
def changes(session: nox.Session) -> None:
    """Change the pages in every ordinary way, update, and test what came of it (`-- NAME ...`)."""
    _run(session, "python", "-m", "support.changes", *session.posargs, **_PATHS)


@in_dev(default=False)
def soak(session: nox.Session) -> None:
    """Any calls against a model, a faulty server, and exports that are killed (`-- SECONDS`)."""
    example = ROOT / "tests" / "support" / "example" / "generated"
    path = os.pathsep.join((_PATHS["PYTHONPATH"], str(example)))
    for module in ("support.stateful", "support.soak", "support.export_soak"):
        _run(session, "python", "-m", module, *session.posargs, PYTHONPATH=path)


@in_dev(default=False)
def update(session: nox.Session) -> None:
    """Vendor (`-- --index URL`, say), explain, regenerate, check: everything or nothing."""
    _run(session, "python", "scripts/update.py", *session.posargs)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Plant faults in what decides about retries and pages; print those no test notices."""
    _install(session, "dev")
    _pinned(session, "mutation")
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@in_dev(default=False)
def package(session: nox.Session) -> None:
    """Build sdist and wheel; the sdist builds the same wheel, and it runs from an empty place."""
    folder = Path(session.create_tmp()).resolve()
    _run(session, "python", "scripts/package.py", str(folder))
    (wheel,) = folder.glob("*.whl")
    venv = folder / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if shutil.which("uv"):  # in a tenth of the time
        options = ("--quiet", f"--python={sys.executable}")
        session.run("uv", "venv", *options, str(venv), external=True)
        options = ("--quiet", f"--python={python}")
        session.run("uv", "pip", "install", *options, str(wheel), external=True)
    else:
        _run(session, "python", "-m", "venv", str(venv))
        session.run(str(python), "-m", "pip", "install", "--quiet", str(wheel), external=True)
    session.run(str(python), "tests/installed_program.py", external=True)


@nox.session(default=False)
def frozen(session: nox.Session) -> None:
    """Freeze the sample program with PyInstaller, by the hooks that the wheel ships; run it."""
    _install(session, "dev")
    _pinned(session, "frozen")
    folder = Path(session.create_tmp()).resolve()
    places = ("--distpath", str(folder), "--workpath", str(folder / "build"))
    places += ("--specpath", str(folder), "--paths", str(ROOT / "tests"))
    # What only this environment has, and packages use where they find it.
    others = ("babel", "dask", "distributed", "dlt", "hypothesis", "obstore", "pandas", "polars")
    others += ("IPython", "ipykernel", "pydantic", "pytest", "setuptools", "sphinx")
    places += tuple(f"--exclude-module={name}" for name in others)
    program = str(ROOT / "tests" / "frozen_program.py")
    session.run("pyinstaller", "--noconfirm", "--log-level", "WARN", *places, program)
    with session.chdir(folder):
        session.run(str(folder / "frozen_program" / "frozen_program"), external=True)


@in_dev(default=False)
def demo(session: nox.Session) -> None:
    """The main job, offline: the page makes the client, and the client lists the products."""
    _run(session, "python", "scripts/demo.py")
    _run(session, "keyapi", "demo")


@nox.session(venv_backend="none", requires=["dev", *_environments(_EACH_CHANGE)])
def together(session: nox.Session) -> None:
    """Every check, two at a time: each leaves cores idle that another one uses.

    The tests wait a third of their time, for deadlines and processes; of the others, most are one
    process. Of other Pythons, the oldest and the newest that are here run.
    """
    other_pythons = [partial(_tests_on, version=version) for version in _EACH_CHANGE]
    longest_first = (tests, tools, *other_pythons, check, docs, mutants, contract, package, demo)
    _side_by_side(*(partial(each, session) for each in longest_first))


@nox.session(default=False)
def regenerate(session: nox.Session) -> None:
    """Vendor the pages given (`-- PAGE ...`) and make the client from them."""
    _install(session, "pipeline")
    session.run("python", "scripts/vendor.py", *session.posargs)
    session.run("python", "scripts/regenerate.py")


@in_dev(default=False)
def bench(session: nox.Session) -> None:
    """Print this machine's figures, each a ratio or a time, median of several."""
    _run(session, "python", "scripts/bench.py", *session.posargs)


@nox.session(default=False)
def supply(session: nox.Session) -> None:
    """Make the environment of the tools that `audit` and `release` look at packages with."""
    _pinned(session, "supply")


@nox.session(default=False, venv_backend="none", requires=["supply"])
def audit(session: nox.Session) -> None:
    """Compare all pinned versions with the published advisories, which needs the internet.

    What cannot be looked up fails. `-- --ignore-vuln ID` leaves out an advisory that does not
    apply; `-- --vulnerability-service osv` asks another service.
    """
    options = ("--require-hashes", "--disable-pip", "--strict", "--progress-spinner=off")
    files = sorted((ROOT / "requirements").glob("*.txt"))
    named = [f"--requirement={file.relative_to(ROOT)}" for file in files]
    _run(session, "pip-audit", *options, *named, *session.posargs, folder=SUPPLY)


@nox.session(default=False, venv_backend="none", requires=["dev", "supply"])
def release(session: nox.Session) -> None:
    """Build what a tag releases (`-- vX.Y.Z`) in dist/: packages, notes and a CycloneDX SBOM.

    The SBOM lists what the wheel brings with all extras that programs use, in the versions that
    were tested.
    """
    folder = ROOT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    packages, venv = folder / "packages", folder / "venv"
    packages.mkdir(parents=True)
    _run(session, "python", "scripts/release.py", *session.posargs, f"--notes={folder}/notes.md")
    _run(session, "python", "scripts/package.py", str(packages))
    (wheel,) = packages.glob("*.whl")
    run = partial(_run, session, folder=SUPPLY)
    run("uv", "venv", "--quiet", f"--python={sys.executable}", str(venv))
    tested = ("--constraint=requirements/dev.txt", f"--python={venv}")
    run("uv", "pip", "install", "--quiet", *tested, f"keyapi-tiktok[all] @ {wheel.as_uri()}")
    sbom = folder / "sbom" / f"{wheel.name.removesuffix('-py3-none-any.whl')}.cdx.json"
    sbom.parent.mkdir()
    described = ("--pyproject=pyproject.toml", "--mc-type=library", "--output-reproducible")
    run("cyclonedx-py", "environment", *described, f"--output-file={sbom}", str(venv))
    shutil.rmtree(venv)


# What each file of requirements/ pins, as options of `uv pip compile`.
LOCKS = {
    "dev": ("pyproject.toml", "--all-extras", "--group=dev"),
    "pipeline": ("pyproject.toml", "--group=pipeline"),
    "nox": ("--group=runner",),
    "supply": ("--group=supply",),
    "mutation": ("--group=mutation",),
    "frozen": ("--group=frozen",),
}


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Pin the newest versions that pyproject.toml allows, with hashes and without an index."""
    _pinned(session, "nox")
    common = (
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
        "--no-header",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--quiet",
        "--upgrade",
    )
    for name, what in LOCKS.items():
        same = () if name == "dev" else ("--constraints=requirements/dev.txt",)
        output = f"--output-file=requirements/{name}.txt"
        session.run("uv", "pip", "compile", *what, *same, *common, output)
