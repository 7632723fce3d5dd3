"""Write a file so that, whatever happens, the old one or the new one is there, and whole."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file atomically; folders that are missing are made.

    The content is on the disk before it gets the name. Where the process is killed before that, a
    file whose name ends in `.new` is left beside it.

    Args:
        path: The file; an existing file is replaced.
        content: What it holds from then on.

    Raises:
        OSError: It cannot be written; nothing has changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".keyapi-{secrets.token_hex(8)}.new")
    try:
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):  # the first error is the one that says why
            draft.unlink(missing_ok=True)
        raise
