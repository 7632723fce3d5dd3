"""Where the logs of shards lie: what is written once, whole, and by one writer alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from keyapi._errors import ConfigurationError
from keyapi._extras import extra
from keyapi.export._errors import ExportError, unwritable
from keyapi.export._target import is_uri, synchronised


class Store(Protocol):
    """A place for small files that are never changed."""

    def put(self, name: str, data: bytes) -> bool:
        """Write a file, unless there is one of this name: of several who try, one does.

        Args:
            name: Its path below the place, with `/`.
            data: Its bytes; whoever reads it sees all of them.

        Returns:
            Whether it was written; then it outlives a crash.

        Raises:
            ExportError: It cannot be written.
        """
        ...

    def get(self, name: str) -> bytes | None:
        """Read a file; None if it does not exist.

        Raises:
            ExportError: It cannot be read.
        """
        ...

    def remove(self, folder: str) -> None:
        """Remove a folder with all its files.

        Raises:
            ExportError: They cannot be removed.
        """
        ...


def store(place: str) -> Store:
    """Give the place that a path or URI names.

    Args:
        place: A local or shared folder, or a URI such as `s3://bucket/folder`.

    Raises:
        ConfigurationError: It is not such a URI, or what reaches it is not installed.
    """
    if place.startswith("file:"):  # obstore does not wait until the disk has it
        return FolderStore(Path(url2pathname(urlsplit(place).path)))
    return ObjectStore(place) if is_uri(place) else FolderStore(Path(place))


class FolderStore:
    """A folder, which may be shared: a file gets its name by a hard link, which only one can make.

    Args:
        folder: The folder; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes) -> bool:
        """Write a file unless it is there; see `Store`."""
        path = self._folder / name
        scratch = path.with_name(f".{path.name}.{uuid4().hex}")
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(scratch, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(scratch, path)
            except FileExistsError:
                return False
            finally:
                scratch.unlink(missing_ok=True)
            synchronised(path.parent)
        return True

    def get(self, name: str) -> bytes | None:
        """Read a file; see `Store`."""
        path = self._folder / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error.strerror) from error

    def remove(self, folder: str) -> None:
        """Remove a folder; see `Store`."""
        path = self._folder / folder
        with _explained(path):
            if path.exists():
                shutil.rmtree(path)


class ObjectStore:
    """A bucket, by obstore, which creates an object only if its name is not taken.

    Args:
        uri: Its URI; credentials come from the environment, as its maker's tools take them.

    Raises:
        ConfigurationError: It cannot be used.
    """

    def __init__(self, uri: str) -> None:
        with extra("shards", "segments in an object store"):
            import obstore
            from obstore import exceptions
            from obstore.store import from_url
        self._uri = uri.rstrip("/")
        self._api: Any = obstore
        self._exists: type[Exception] = exceptions.AlreadyExistsError
        self._failed: type[Exception] = exceptions.BaseError
        try:
            self._store: Any = from_url(self._uri)
        except (self._failed, ValueError) as error:
            raise ConfigurationError(f"Cannot use {uri}: {_line(error)}") from error

    def put(self, name: str, data: bytes) -> bool:
        """Write an object unless it is there; see `Store`."""
        try:
            self._api.put(self._store, name, data, mode="create", use_multipart=False)
        except self._exists:
            return False
        except (self._failed, OSError) as error:
            raise self._unwritable(name, error) from error
        return True

    def get(self, name: str) -> bytes | None:
        """Read an object; see `Store`."""
        try:
            return bytes(self._api.get(self._store, name).bytes())
        except FileNotFoundError:
            return None
        except (self._failed, OSError) as error:
            raise _unreadable(f"{self._uri}/{name}", _line(error)) from error

    def remove(self, folder: str) -> None:
        """Remove all objects below a name; see `Store`."""
        try:
            for batch in self._api.list(self._store, prefix=folder):
                self._api.delete(self._store, [each["path"] for each in batch])
        except (self._failed, OSError) as error:
            raise self._unwritable(folder, error) from error

    def _unwritable(self, name: str, error: Exception) -> ExportError:
        return unwritable(f"{self._uri}/{name}", OSError(_line(error)))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


def _unreadable(path: object, reason: object) -> ExportError:
    return ExportError(f"Cannot read {path}: {reason}. The same command resumes")


def _line(error: Exception) -> str:
    """What obstore says, without how it came to that."""
    return str(error).partition("\n")[0]
