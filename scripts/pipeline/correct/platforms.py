"""Which platform a root makes the client of: the overlay says it, and no page decides it.

KeyAPI documents all its platforms in one form and one index. A page of another one would become
methods of this client, and its package would lack them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from keyapi._json import pointer
from pipeline.errors import PipelineError

PLATFORMS = "x-platforms"
"""The extension of the overlay that lists path segments behind `/v1/`: those of the operations that
belong to its client. Without it, there is one: what the overlay's file is called."""


def platforms(overlay: Any, where: str) -> tuple[str, ...]:
    """Give the path segments of the platform that an overlay corrects.

    Args:
        overlay: The overlay document, as JSON data.
        where: Path of its file, `openapi/PLATFORM.overlay.yaml`.

    Raises:
        PipelineError: What the overlay lists are not segments.
    """
    listed: Any = overlay.get(PLATFORMS, [PurePosixPath(where).name.partition(".")[0]])
    if (
        not isinstance(listed, list)
        or not listed
        or not all(isinstance(segment, str) and segment.strip("/") for segment in listed)
    ):
        raise PipelineError(
            f"{listed!r} is not a list of path segments",
            where=where,
            pointer=pointer(PLATFORMS),
            remedy="List what stands behind /v1/ in the paths of this platform, such as tiktok.",
        )
    return tuple(segment.strip("/") for segment in listed)


def require_platform(operations: Mapping[str, str], overlay: Any, where: str) -> None:
    """Check that every page is of the platform that an overlay corrects.

    A path of one segment, or with a parameter in the platform's place, is of no platform.

    Args:
        operations: The operation of each page, as `GET /v1/…`, by the page's name.
        overlay: The overlay document, as JSON data.
        where: Path of its file, `openapi/PLATFORM.overlay.yaml`.

    Raises:
        PipelineError: One is of another platform; the error names page and path.
    """
    own = platforms(overlay, where)
    for page, operation in operations.items():
        path = operation.partition(" ")[2]
        segment, *rest = path.strip("/").split("/")[1:]
        if rest and not segment.startswith("{") and segment not in own:
            raise PipelineError(
                f"{path} is of the platform {segment}; the client made here is of "
                f"{' and '.join(own)}",
                where=page,
                pointer=pointer("paths", path),
                remedy=f"Vendor it with --root into the root of {segment} "
                f"(docs/another-platform.md), leave it out of an index with --match, or list "
                f"{segment} under {PLATFORMS} in {where}.",
            )
