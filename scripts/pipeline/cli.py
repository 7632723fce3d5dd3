"""What the scripts' command lines share."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.transaction import recover

ROOT = Path(__file__).resolve().parents[2]


def parser(doc: str | None) -> argparse.ArgumentParser:
    """A script's parser: its module's docstring as help, and the project to work on."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--root",
        type=lambda text: Path(text).resolve(),
        default=ROOT,
        help="top folder of the project (default: this one)",
    )
    return made


def add_index_options(options: argparse.ArgumentParser) -> None:
    """Add the options that choose pages of an index: `--index` and `--match`."""
    options.add_argument("--index", metavar="URL", help="URL of an llms.txt that links to pages")
    options.add_argument(
        "--match",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only pages of the index whose path matches, such as 'en/tiktok/*'; repeatable",
    )


def run(command: Callable[[], int], root: Path) -> int:
    """Run a command and turn its failures into one line, perhaps details, and an exit code.

    Args:
        command: The command; it gives the exit code.
        root: The project's top folder; what an interrupted command left there is finished first.

    Returns:
        The exit code: the command's own, 2 for input that cannot be used, 130 when interrupted.
    """
    try:
        if not (root / "openapi").is_dir():
            raise PipelineError(
                "no project here", where=root.name, remedy="Give --root its top folder."
            )
        with alone(root), _few_collections():
            recover(root)
            return command()
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.details:
            print(f"\n{error.details.rstrip()}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error}. The next command finishes or discards the change.", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted; nothing was left half-done", file=sys.stderr)
        return 130
    return 2


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Wait until no other command is at work on a project; the system ends the wait for a kill."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        yield
        return
    folder = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for unreachable objects rarely: a quarter of a command's time, for next to nothing."""
    usual = gc.get_threshold()
    gc.set_threshold(500_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
