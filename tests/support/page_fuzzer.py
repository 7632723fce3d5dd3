"""Mutate documentation pages, and report each that the pipeline neither uses nor refuses.

    python -m support.page_fuzzer                    a minute, over the pages of the example
    python -m support.page_fuzzer --seconds 600 PAGE ...
    python -m support.page_fuzzer --seed 17 --cases 1

A page is used, or refused with one line that names it, in time that grows with its size. Every
other outcome is reported with its seed, and its page is kept. Exit code 1: there was one.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

from conformance.page_words import page_statements, read_page_text
from pipeline.cli import run
from pipeline.commands.survey import survey
from pipeline.commands.vendor import prepare, vendor
from pipeline.project import Project
from pipeline.survey.sources import Places
from pipeline.vendor.collect import Selection
from support.page_mutations import mutated
from support.pages import EXAMPLE
from support.projects import listing_project
from support.time_limit import OutOfTimeError, at_most

FIXED = 2.0
"""Seconds of CPU that a page may take whatever its size."""
BY_BYTE = 100e-6
"""Seconds of CPU that a page may take for each byte."""
_WHOLE = 0.3  # the share of pages of which the client is looked at, which takes longest
_NAME = "mutated.md"
_FRAME = re.compile(r'File ".*?([^/\\]+\.py)", line (\d+)')


@dataclass(frozen=True)
class Outcome:
    """What became of a page.

    Attributes:
        kind: "used" or "refused"; else in a few words what is wrong.
        details: What was printed, or where it failed.
        seconds: CPU time.
    """

    kind: str
    details: str
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether a page may come to this."""
        return self.kind in ("used", "refused")


class Judge:
    """Runs pages through the pipeline beside the one page of a project.

    Args:
        root: The project; nothing is written there.
        folder: Where the page is put.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._project = Project(root)
        self._page = folder / _NAME

    def __call__(self, content: bytes, *, whole: bool = True) -> Outcome:
        """Vendor a page.

        Args:
            content: The page.
            whole: If it is used, also generate and import its client, and read it a second time.
        """
        self._page.write_bytes(content)
        began = time.process_time()
        allowed = FIXED + BY_BYTE * len(content)
        with at_most(3 * allowed):
            kind, details = self._judged(content, whole=whole)
        seconds = time.process_time() - began
        if kind in ("used", "refused") and seconds > allowed:
            kind = "slow"
        return Outcome(kind, details, seconds)

    def _judged(self, content: bytes, *, whole: bool) -> tuple[str, str]:
        try:
            code, out, err = _ran(self._vendor, self._project.root)
            if code != 0:
                return _refused(code, err)
            if not whole:
                return "used", ""
            code, out, err = _ran(self._survey, self._project.root)
            surveyed = json.loads(out)["pages"][0] if code in (0, 1) else {}
            if code != 0:
                return "vendored, but not generated", surveyed.get("refused") or err
            pages = Selection(files=(self._page,))
            spec = prepare(self._project, pages).effective
            text = read_page_text(content, _NAME)
            for _ in page_statements(text, spec.spec if spec else {}):
                pass
        except OutOfTimeError:
            return "no end", _where()
        except RecursionError:
            return "RecursionError", _where()
        except Exception as error:  # that is what is looked for
            return type(error).__name__, f"{str(error)[:200]} {_where()}"
        return "used", ""

    def _vendor(self) -> int:
        return vendor(self._project.root, Selection(files=(self._page,)), dry_run=True)

    def _survey(self) -> int:
        return survey(self._project.root, Places(pages=(str(self._page),)), json=True)


def judged_command(command: Callable[[], int], root: Path, seconds: float) -> Outcome:
    """Run a command of the pipeline, and judge how it ended.

    Args:
        command: The command; it gives the exit code.
        root: The project that it works on.
        seconds: CPU time that it may take.
    """
    began = time.process_time()
    try:
        with at_most(seconds):
            code, _, err = _ran(command, root)
        kind, details = ("used", "") if code in (0, 1) else _refused(code, err)
    except OutOfTimeError:
        kind, details = "no end", _where()
    except Exception as error:  # that is what is looked for
        kind, details = type(error).__name__, f"{str(error)[:200]} {_where()}"
    return Outcome(kind, details, time.process_time() - began)


def _ran(command: Callable[[], int], root: Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(command, root)
    return code, out.getvalue(), err.getvalue()


def _refused(code: int, printed: str) -> tuple[str, str]:
    line, _, more = printed.partition("\n")
    if code != 2 or not line.startswith("error: ") or len(line) > 1_700:
        return f"exit code {code}", printed[:2_000]
    if not any(name in line for name in (".md", "openapi/", "openapi.json")):
        return "refused without the page's name", line
    if more.strip() and "overlay" not in line:
        return "more than one line", printed[:2_000]
    if not line.endswith((".", "!", "?", "`", ")")):
        return "refused without a sentence", line
    return "refused", line


def _where() -> str:
    """The innermost calls of the error that is handled, in one line."""
    frames = _FRAME.findall(traceback.format_exc())
    return " > ".join(f"{name}:{line}" for name, line in frames[-5:])


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz for some time; tell what was found."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="or a folder of them")
    options.add_argument("--seconds", type=float, default=60.0, help="how long (default: 60)")
    options.add_argument("--seed", type=int, help="of the first page (default: random)")
    options.add_argument("--cases", type=int, help="how many pages at most")
    options.add_argument(
        "--keep", type=Path, default=Path("fuzzed"), help="folder for what is found"
    )
    arguments = options.parse_args(argv)
    seeds = [
        file
        for page in arguments.pages or [EXAMPLE / "openapi/pages"]
        for file in (sorted(page.rglob("*.md")) if page.is_dir() else [page])
    ]
    first = SystemRandom().randrange(10**9) if arguments.seed is None else arguments.seed
    outcomes: Counter[str] = Counter()
    shown: set[str] = set()
    end = time.monotonic() + arguments.seconds
    with tempfile.TemporaryDirectory() as scratch:
        judge = Judge(listing_project(Path(scratch, "project")), Path(scratch))
        seed = first
        while time.monotonic() < end and seed - first != arguments.cases:
            chance = Random(seed)  # noqa: S311 - it makes up pages
            origin = chance.choice(seeds)
            content = mutated(origin.read_bytes(), chance)
            outcome = judge(content, whole=chance.random() < _WHOLE)
            outcomes[outcome.kind] += 1
            if not outcome.is_right:
                key = f"{outcome.kind} {outcome.details.rpartition(' > ')[2][:80]}"
                if key not in shown:
                    shown.add(key)
                    arguments.keep.mkdir(parents=True, exist_ok=True)
                    kept = arguments.keep / f"{seed}.md"
                    kept.write_bytes(content)
                    print(
                        f"--seed {seed} ({origin.name}, {len(content):,} bytes, "
                        f"{outcome.seconds:.1f} s), kept as {kept}: {outcome.kind}: "
                        f"{outcome.details}",
                        flush=True,
                    )
            seed += 1
    print(f"{sum(outcomes.values())} pages from --seed {first}: {dict(outcomes.most_common())}")
    return int(any(not Outcome(kind, "", 0).is_right for kind in outcomes))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
