"""Build the distribution twice: from the tree, and from its own sdist."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path


def build(source: Path, folder: Path, kind: str) -> Path:
    """Build one distribution of a source tree.

    Args:
        source: The source tree.
        folder: Where the file goes; others of its kind there are removed.
        kind: `wheel` or `sdist`.

    Returns:
        The file built.
    """
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


def package(root: Path, folder: Path) -> int:
    """Build sdist and wheel, and the wheel again from the sdist.

    Args:
        root: The project's top folder.
        folder: Where sdist and wheel go.

    Returns:
        Exit code: 0 when both wheels hold the same files, else 1.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wheel = build(root, folder, "wheel")
    sdist = build(root, folder, "sdist")
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
