"""Where output goes: stdout, or a file that is written atomically."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

from keyapi.cli.messages import CommandError, UsageError

_BLOCK = 1 << 20  # bytes that are copied at once


class Destination(Protocol):
    """What output is written to.

    Attributes:
        held: The first line of what it is added to; empty where it is new.
        terminal: Whether it is a terminal, which interprets control characters.
        encoding: Encoding of text for people; data is always UTF-8.
    """

    held: bytes
    terminal: bool
    encoding: str

    def write(self, data: bytes) -> None:
        """Write bytes."""

    def flush(self) -> None:
        """Pass on what was written."""

    def keep(self) -> None:
        """Keep what was written; until then, a file does not exist."""


class Stdout:
    """The process's standard output, or another stream."""

    held = b""

    def __init__(self, stream: Any = None) -> None:
        self._text = sys.stdout if stream is None else stream
        self.terminal = bool(self._text.isatty())
        self.encoding = self._text.encoding or "utf-8"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def write(self, data: bytes) -> None:
        """Write bytes."""
        self._text.flush()
        self._text.buffer.write(data)

    def flush(self) -> None:
        """Pass on what was written; raises BrokenPipeError if the reader has gone."""
        self._text.buffer.flush()

    def keep(self) -> None:
        """Only flush: what was written to a stream is already kept."""
        self.flush()


class File:
    """A file, written next to the one it replaces.

    Args:
        path: Path of the finished file.
        append: Whether it begins with what the file holds that it replaces.

    Attributes:
        held: The line that the file began with before, if it is added to; else empty.

    Raises:
        UsageError: The file cannot be written there.
    """

    terminal = False
    encoding = "utf-8"

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self.held = b""
        self._target = Path(os.path.realpath(path))  # replace the target of a link, not the link
        self._scratch: Path | None = None
        try:
            mode = self._mode()
            if mode is None or stat.S_ISREG(mode):
                self._file = self._beside(mode)
                if append and mode is not None:
                    self._copy()
            else:  # a device or a pipe cannot be replaced
                self._file = open(self._target, "wb")  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise UsageError(self._problem(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        if self._scratch is not None:
            self._scratch.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Write bytes."""
        try:
            self._file.write(data)
        except OSError as error:
            raise CommandError(self._problem(error)) from error

    def flush(self) -> None:
        """Nothing: nobody reads the file before it is complete."""

    def keep(self) -> None:
        """Move the finished file into place."""
        try:
            self._file.flush()
            if self._scratch is not None:
                os.fsync(self._file.fileno())
                self._file.close()
                os.replace(self._scratch, self._target)
                self._scratch = None
        except OSError as error:
            raise CommandError(self._problem(error)) from error

    def _mode(self) -> int | None:
        try:
            return os.stat(self._target).st_mode
        except FileNotFoundError:
            return None

    def _beside(self, mode: int | None) -> BinaryIO:
        name = f".{self._target.name}.{secrets.token_hex(4)}.part"
        scratch = self._target.with_name(name)
        file = open(scratch, "xb")  # noqa: SIM115 - closed by __exit__
        self._scratch = scratch
        if mode is not None:
            scratch.chmod(stat.S_IMODE(mode))
        return file

    def _copy(self) -> None:
        last = b"\n"
        with open(self._target, "rb") as before:
            self.held = before.readline()
            before.seek(0)
            while block := before.read(_BLOCK):
                self._file.write(block)
                last = block[-1:]
        if last != b"\n":
            self._file.write(b"\n")

    def _problem(self, error: OSError) -> str:
        folder = self._target.parent
        if isinstance(error, FileNotFoundError) and not folder.exists():
            return f"--output {self._target}: the folder {folder} does not exist"
        return f"--output {self._target}: {error.strerror or error}"


def opened(path: Path | None, *, append: bool = False) -> Stdout | File:
    """Return the destination that `--output` names; stdout for None and for `-`.

    Args:
        path: What it names.
        append: Whether a file is added to; see `File`.
    """
    return Stdout() if path is None or str(path) == "-" else File(path, append=append)
