"""`nox -s live`: `keyapi contract` with what only this project has.

    nox -s live -- --max-credits 30
    nox -s live -- --max-credits 30 --base-url http://127.0.0.1:8000    a sandbox

A published promise that answers break, but that a correction tolerates, is reported, and is not a
failure. Recordings (--record) are written as `scripts/record.py` writes them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from conformance.published import Published
from keyapi import ConfigurationError
from keyapi.cli.app import run
from keyapi.cli.contract import application
from keyapi.conformance import LiveDrivers
from keyapi.specification import Specification
from pipeline.cli import ROOT, alone
from pipeline.commands.record import write
from pipeline.document.yaml import load_yaml
from pipeline.errors import PipelineError
from pipeline.project import Project

_NAME = "nox -s live --"


def main(argv: Sequence[str] | None = None) -> int:
    """Run `keyapi contract` with this project's drivers.

    Args:
        argv: The command line; the process's own if left out.

    Returns:
        The exit code of `keyapi contract`.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--root", type=lambda text: Path(text).resolve(), default=ROOT)
    own, tokens = parser.parse_known_args(argv)
    drivers = LiveDrivers(
        published=partial(_published, own.root),
        root=own.root,
        write=_write,
        command=_NAME.split(),
    )
    return run(tokens, application(_NAME, drivers))


def _published(root: Path, effective: Specification) -> Published:
    try:
        project = Project(root)
        document = load_yaml(project.read(project.spec, "Run scripts/vendor.py."), project.spec)
    except PipelineError as error:
        raise ConfigurationError(str(error)) from error
    return Published(document, effective)


def _write(root: Path, files: Mapping[str, bytes]) -> None:
    try:
        with alone(root):
            write(root, files)
    except PipelineError as error:
        raise ConfigurationError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
