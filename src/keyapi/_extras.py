"""What to install where a part of the package needs more than the client does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str, part: str) -> Iterator[None]:
    """Name the extra that is missing where an import in the `with` block fails.

    Args:
        name: Name of the extra.
        part: What needs it, as the error calls it.

    Raises:
        ModuleNotFoundError: A package is not installed; the text says how to install the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.partition(".")[0] == "keyapi":  # that is another matter
            raise
        raise ModuleNotFoundError(
            f"{part} needs more packages ({missing} is not installed): "
            f"pip install 'keyapi-tiktok[{name}]'",
            name=missing,
        ) from error
