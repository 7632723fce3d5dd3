"""Build the distribution, and make sure that its sdist builds the same wheel.

    python scripts/package.py FOLDER

Leaves the sdist and the wheel in FOLDER. Exit code 1: the two wheels differ.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from pipeline.cli import ROOT


def build(source: Path, folder: Path, kind: str) -> Path:
    """Build one distribution of a source tree and give its file."""
    for old in folder.glob("*.whl" if kind == "wheel" else "*.tar.gz"):
        old.unlink()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--no-isolation",
            f"--{kind}",
            "--outdir",
            str(folder),
            str(source),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return next(folder.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def main(folder: Path) -> int:
    """Build sdist and wheel, and the wheel again from the sdist."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = build(ROOT, folder, "wheel")
    sdist = build(ROOT, folder, "sdist")
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(sdist) as archive:
            archive.extractall(scratch, filter="data")
        (source,) = Path(scratch).iterdir()
        again = contents(build(source, Path(scratch), "wheel"))
    first = contents(wheel)
    for name in sorted({*first, *again}):
        if first.get(name) != again.get(name):
            print(
                f"error: {name} differs between the wheel and the wheel that the sdist builds",
                file=sys.stderr,
            )
            return 1
    print(f"{wheel.name}: {len(first)} files, the same from the sdist")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
