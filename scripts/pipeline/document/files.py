"""Read a file that comes from outside: a regular one, and no more of it than it may have."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_NOT_REGULAR = "it is not a regular file"


class NotRegularError(OSError):
    """What stands there is not a regular file, such as a folder, a pipe or a device."""


def read_file(path: Path, limit: int) -> bytes:
    """Read a regular file's bytes; anything else is refused, since reading it may never end.

    Args:
        path: The file, or a link to it.
        limit: How many bytes are read at most; a longer file is read one byte further.

    Raises:
        NotRegularError: It is a folder, pipe, socket or device.
        OSError: It cannot be read, or its name is impossible.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)  # without waiting for who writes to a pipe
    except ValueError as error:
        raise NotRegularError(errno.EINVAL, f"its name is impossible ({error})") from None
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            raise NotRegularError(errno.EINVAL, _NOT_REGULAR) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(errno.EINVAL, _NOT_REGULAR)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit + 1)
