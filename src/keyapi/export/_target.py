"""Where files are published: a local folder, or whatever `pyarrow.fs` reaches."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from keyapi._errors import ConfigurationError
from keyapi.export._errors import unwritable

_URI = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_BLOCK = 1 << 20  # bytes that are copied at once


class Target(Protocol):
    """A place that files appear in whole, under a name, or not at all.

    Attributes:
        name: The place as the user named it.
    """

    name: str

    def path(self, name: str) -> str:
        """The path of a file, for messages."""
        ...

    def create(self, folder: str) -> None:
        """Make a folder, or find out that nothing can be written there."""
        ...

    def scratch(self, name: str) -> Path:
        """A local file to write before `put`."""
        ...

    def put(self, scratch: Path, name: str) -> None:
        """Let a finished file appear under a name, and remove the local one."""
        ...

    def open(self, name: str) -> Any:
        """Open a file to read its bytes; raises FileNotFoundError."""
        ...

    def listed(self, folder: str) -> list[str]:
        """The names of the files in a folder; none where it does not exist."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file."""
        ...


def is_uri(text: object) -> bool:
    """Whether a destination is a URI of `pyarrow.fs` rather than a local folder."""
    return isinstance(text, str) and _URI.match(text) is not None


def target(out: str | os.PathLike[str], journal: Path) -> Target:
    """Give the place that a destination names.

    Args:
        out: A local folder, or a URI such as `s3://bucket/folder`.
        journal: The folder of the journal, for what is not finished.

    Raises:
        ConfigurationError: `pyarrow.fs` does not know the URI, or it has a password, which would be
            in journal, reports and messages.
    """
    if not is_uri(out):
        return LocalTarget(Path(out))
    from pyarrow.fs import FileSystem

    if urlsplit(str(out)).password:
        raise ConfigurationError(
            "The URI of --out has a password, which the journal and messages would show; give "
            "credentials in the environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    try:
        filesystem, path = FileSystem.from_uri(out)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"Cannot export to {out}: {error}") from error
    return RemoteTarget(str(out).rstrip("/"), filesystem, path.rstrip("/"), journal)


class LocalTarget:
    """A folder on a local disk: written beside, synchronised, renamed.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def path(self, name: str) -> str:
        """The path of a file."""
        return str(self._folder / name)

    def create(self, folder: str) -> None:
        """Make a folder."""
        path = self._folder / folder
        with _explained(path):
            path.mkdir(parents=True, exist_ok=True)

    def scratch(self, name: str) -> Path:
        """A file beside the one that will be."""
        path = self._folder / name
        self.create(name.rpartition("/")[0])
        return path.with_name(f".{path.name}.tmp")

    def put(self, scratch: Path, name: str) -> None:
        """Let a finished file appear under a name."""
        path = self._folder / name
        with _explained(path):
            synchronised(scratch)
            os.replace(scratch, path)
            synchronised(path.parent)

    def open(self, name: str) -> Any:
        """Open a file to read its bytes."""
        return open(self._folder / name, "rb")

    def listed(self, folder: str) -> list[str]:
        """The names of the files in a folder."""
        path = self._folder / folder
        return sorted(os.listdir(path)) if path.is_dir() else []

    def remove(self, name: str) -> None:
        """Remove a file."""
        with _explained(self._folder / name):
            (self._folder / name).unlink(missing_ok=True)


class RemoteTarget:
    """A folder of a `pyarrow.fs.FileSystem`, whose files appear when they are closed.

    Args:
        name: Its URI.
        filesystem: The file system.
        folder: The folder's path in it.
        journal: A local folder for files that are not finished.
    """

    def __init__(self, name: str, filesystem: Any, folder: str, journal: Path) -> None:
        self.name = name
        self._filesystem = filesystem
        self._folder = folder
        self._journal = journal

    def path(self, name: str) -> str:
        """The URI of a file."""
        where, mark, options = self.name.partition("?")
        return f"{where.rstrip('/')}/{name}{mark}{options}"

    def create(self, folder: str) -> None:
        """Make a folder, or find out that the bucket is missing or read-only."""
        with _explained(self.path(folder)):
            self._filesystem.create_dir(f"{self._folder}/{folder}".rstrip("/"), recursive=True)

    def scratch(self, name: str) -> Path:
        """A file in the folder of the journal."""
        return self._journal / f".{name.rpartition('/')[2]}.tmp"

    def put(self, scratch: Path, name: str) -> None:
        """Upload a finished file."""
        self.create(name.rpartition("/")[0])
        path = f"{self._folder}/{name}"
        with _explained(self.path(name)):
            with open(scratch, "rb") as file, self._filesystem.open_output_stream(path) as out:
                while block := file.read(_BLOCK):
                    out.write(block)
            scratch.unlink()

    def open(self, name: str) -> Any:
        """Open a file to read its bytes."""
        return self._filesystem.open_input_file(f"{self._folder}/{name}")

    def listed(self, folder: str) -> list[str]:
        """The names of the files in a folder."""
        from pyarrow.fs import FileSelector

        selector = FileSelector(f"{self._folder}/{folder}", allow_not_found=True)
        return sorted(file.base_name for file in self._filesystem.get_file_info(selector))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with _explained(self.path(name)):
            self._filesystem.delete_file(f"{self._folder}/{name}")


def synchronised(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    if path.is_dir() and os.name == "nt":  # pragma: no cover - Windows opens no folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(path: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error
