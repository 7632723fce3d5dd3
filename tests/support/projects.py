"""A project to run the pipeline on: pages of the example, templates and options of this checkout.

No page that KeyAPI published is in it, so that the tests hold whatever is published.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from pipeline.cli import ROOT
from pipeline.project import (
    GENERATED,
    GENERATOR,
    PAGES,
    RUNTIME,
    TEMPLATES,
    Project,
    generator_version,
    read_pages,
)
from pipeline.vendor.merge import merge
from support.pages import EXAMPLE, LISTING_NAME, LISTING_PAGE, OVERLAY


def listing_project(folder: Path, more: Mapping[str, str] | None = None) -> Path:
    """Make a project of the example's list of products, and the client made from it.

    The client is called `keyapi_tiktok`, as this checkout's is. Nothing has checked it.

    Args:
        folder: Where to make it; it must not exist.
        more: Text of further pages, by name.

    Returns:
        The folder.
    """
    pages = {LISTING_NAME: LISTING_PAGE.read_bytes()}
    pages |= {name: text.encode() for name, text in (more or {}).items()}
    vendored = merge(read_pages(pages), {}, generator_version())
    written = {
        **{f"{PAGES}/{name}": content for name, content in pages.items()},
        GENERATOR: (ROOT / GENERATOR).read_bytes(),
        OVERLAY: (EXAMPLE / OVERLAY).read_bytes(),
    }
    _write(folder, written)
    project = Project(folder)
    _write(folder, project.vendored_files(vendored))
    shutil.copytree(ROOT / TEMPLATES, folder / TEMPLATES)
    (folder / RUNTIME).symlink_to(ROOT / RUNTIME)
    client = project.client(project.effective(vendored).spec)
    _write(folder, {f"{GENERATED}/{name}": content for name, content in client.items()})
    return folder


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
