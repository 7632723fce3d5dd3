"""Where everything lives below the project's root, and the steps run in order on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from keyapi._openapi import SCHEMAS, OperationNode, find_operation
from pipeline.correct.overlay import Corrected, correct, require_overlay
from pipeline.correct.platforms import require_platform
from pipeline.correct.servers import require_listed, use_listed
from pipeline.document.files import read_file
from pipeline.document.structure import require_structure
from pipeline.document.yaml import MAX_BYTES, dump_yaml, load_yaml
from pipeline.errors import PipelineError
from pipeline.shape import Shaped, shape
from pipeline.vendor.merge import Vendored, merge, require_lock
from pipeline.vendor.pages import Page, read_page

PAGES = "openapi/pages"
LOCK = "openapi/vendor.lock"
GENERATOR = "openapi/generator.yaml"
TEMPLATES = "openapi/templates"
GENERATED = "generated"
RUNTIME = "src"
_TOOL = Path(__file__).resolve().parents[2]  # the checkout whose code this is

_LONGEST = 4 * MAX_BYTES  # bytes of a file of the project: its characters may take four
_OPENAPI = "openapi"
_OVERLAY, _SPEC = ".overlay.yaml", ".openapi.yaml"  # what the names end in
_SPEC_HEADER = (
    "# What the pages under pages/ publish, merged: nothing added or lost. Written by\n"
    "# scripts/vendor.py; corrections belong in {overlay}.\n"
)
_LOCK_HEADER = "# Written by scripts/vendor.py: where each part of {spec} comes from.\n"


@dataclass(frozen=True)
class Project:
    """A checkout of this project.

    Attributes:
        root: Its top folder.
    """

    root: Path

    @property
    def templates(self) -> Path:
        """The templates: the project's own, else those beside this code."""
        return self._own(TEMPLATES)

    @property
    def runtime(self) -> Path:
        """The folder of the runtime that the client builds on, found as `templates` is."""
        return self._own(RUNTIME)

    @property
    def overlay(self) -> str:
        """Path of the overlay below the root: `openapi/PLATFORM.overlay.yaml`.

        Raises:
            PipelineError: There is no such file that names the platform, or several.
        """
        return f"{_OPENAPI}/{self._platform()}{_OVERLAY}"

    @property
    def spec(self) -> str:
        """Path of the vendored specification below the root: `openapi/PLATFORM.openapi.yaml`.

        Raises:
            PipelineError: See `overlay`.
        """
        return f"{_OPENAPI}/{self._platform()}{_SPEC}"

    def _platform(self) -> str:
        """The platform's name: what the overlay is called, or the specification without one."""
        for ending in (_OVERLAY, _SPEC):
            found = sorted((self.root / _OPENAPI).glob(f"*{ending}"))
            if len(found) > 1:
                names = ", ".join(path.name for path in found)
                raise PipelineError(
                    f"there is more than one platform: {names}",
                    where=_OPENAPI,
                    remedy="Give each platform a root of its own.",
                )
            if found:
                return found[0].name.removesuffix(ending)
        raise PipelineError(
            f"there is no overlay, PLATFORM{_OVERLAY}",
            where=_OPENAPI,
            remedy="Write or restore it; its x-servers names the server.",
        )

    def _own(self, name: str) -> Path:
        path = self.root / name
        return path if path.exists() else _TOOL / name

    def read(self, name: str, remedy: str) -> str:
        """Read a text file below the root.

        Raises:
            PipelineError: It is missing, too large, or not UTF-8.
        """
        try:
            content = read_file(self.root / name, _LONGEST)
            problem = f"larger than {_LONGEST:,} bytes" if len(content) > _LONGEST else ""
            text = "" if problem else content.decode()
        except OSError as error:
            problem = error.strerror or str(error)
            problem = "it does not exist" if isinstance(error, FileNotFoundError) else problem
        except UnicodeDecodeError as error:
            problem = f"not UTF-8: {error.reason} at byte {error.start}"
        if problem:
            raise PipelineError(problem, where=name, remedy=remedy or f"Restore {name}.")
        return text

    def page_contents(self) -> dict[str, bytes]:
        """Give the bytes of every page below `openapi/pages`, by name.

        Raises:
            PipelineError: One is a symbolic link, whose target need not be a page.
        """
        folder = self.root / PAGES
        contents = {}
        for path in sorted(folder.rglob("*.md")):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise PipelineError(
                    "it is a symbolic link",
                    where=f"{PAGES}/{name}",
                    remedy="Put the page itself there.",
                )
            if path.is_dir():
                continue
            try:
                contents[name] = read_bounded(path)
            except OSError as error:
                raise PipelineError(
                    f"cannot read the page: {error.strerror}",
                    where=f"{PAGES}/{name}",
                    remedy="Restore it, or take it away.",
                ) from None
        return contents

    def lock(self) -> dict[str, Any]:
        """Read the lock; empty where there is none yet."""
        if not (self.root / LOCK).exists():
            return {}
        data: dict[str, Any] = load_yaml(self.read(LOCK, ""), LOCK)
        require_lock(data, LOCK, f"Restore it: git checkout {LOCK}.")
        return data

    def vendored(self) -> Vendored:
        """Read what was vendored, and check that it matches the pages.

        Raises:
            PipelineError: Pages, specification and lock do not match.
        """
        remedy = "Run python scripts/vendor.py."
        contents = self.page_contents()
        lock = self.lock()
        if not lock:
            raise PipelineError("there is no such file", where=LOCK, remedy=remedy)
        recorded = lock["pages"]
        for name in sorted(recorded.keys() ^ contents.keys()):
            problem = "is not vendored yet" if name in contents else "is missing, but in the lock"
            raise PipelineError(f"the page {problem}", where=f"{PAGES}/{name}", remedy=remedy)
        vendored = merge(read_pages(contents), lock, generator_version())
        if vendored.lock != lock:
            changed = next(
                (name for name in recorded if recorded[name] != vendored.lock["pages"][name]), None
            )
            problem = (
                f"the page {changed} is not the one that was vendored"
                if changed
                else f"it was written with {lock.get('generator')}, but "
                f"{generator_version()} is installed"
            )
            raise PipelineError(problem, where=LOCK, remedy=remedy)
        if self.read(self.spec, remedy).encode() != self.vendored_files(vendored)[self.spec]:
            raise PipelineError("it does not match the pages", where=self.spec, remedy=remedy)
        return vendored

    def corrected(self, vendored: Vendored) -> Corrected:
        """Correct a vendored specification.

        Raises:
            PipelineError: The overlay does not fit the pages.
        """
        overlay, where = self._overlay_document()
        corrected = correct(vendored.spec, overlay, where)
        require_structure(corrected.spec, f"{self.spec}, corrected,", f"Fix the action in {where}.")
        use_listed(corrected.spec, overlay, where)
        return corrected

    def _overlay_document(self) -> tuple[Any, str]:
        """The overlay, and its path below the root."""
        where = self.overlay
        overlay = load_yaml(self.read(where, "Restore it."), where)
        require_overlay(overlay, where)
        return overlay, where

    def require_own(self, vendored: Vendored) -> None:
        """Check that no page names a server or platform that the overlay does not list.

        Raises:
            PipelineError: One does.
        """
        overlay, where = self._overlay_document()
        pages = vendored.lock["pages"]
        operations = {name: entry["operation"] for name, entry in pages.items()}
        require_platform(operations, overlay, where)
        require_listed(vendored.servers, overlay, where)

    def effective(self, vendored: Vendored) -> Shaped:
        """Correct and shape a vendored specification; the notes begin with redundant actions.

        Raises:
            PipelineError: The overlay does not fit the pages, a page names a server or platform
                that the overlay does not list, or a rule found something that tools could not use.
        """
        self.require_own(vendored)
        corrected = self.corrected(vendored)
        shaped = self.shaped(corrected, vendored)
        return Shaped(shaped.spec, (*corrected.redundant, *shaped.notes))

    def shaped(self, corrected: Corrected, vendored: Vendored) -> Shaped:
        """Shape a corrected specification.

        Raises:
            PipelineError: A rule found something that tools could not use.
        """
        return shape(corrected.spec, vendored.lock, self.client_class)

    def vendored_files(self, vendored: Vendored) -> dict[str, bytes]:
        """Give what `vendor` writes besides the pages, by path below the root."""
        names = {"overlay": Path(self.overlay).name, "spec": Path(self.spec).name}
        return {
            self.spec: dump_yaml(vendored.spec, _SPEC_HEADER.format(**names)),
            LOCK: dump_yaml(vendored.lock, _LOCK_HEADER.format(**names)),
        }

    def require_parsed(self, vendored: Vendored, effective: dict[str, Any]) -> None:
        """Check that the generator would leave nothing out.

        Raises:
            PipelineError: It would; the error names the page where that is known.
        """
        from pipeline.generate.parse import (  # slow to import: it brings the generator
            alone,
            parse,
            read_options,
        )

        settings = read_options(self._generator_options())
        folder = self.root / GENERATED / "package"
        try:
            parse(effective, settings, folder)
            return
        except PipelineError as error:
            of_all = error
        for name, entry in vendored.lock["pages"].items():
            method, path = entry["operation"].split()
            operation = find_operation(effective, method.lower(), path)
            if operation is None:  # an overlay has removed it
                continue
            try:
                parse(alone(effective, operation), settings, folder)
            except PipelineError as error:
                raise _about_page(error, name, operation) from None
        raise of_all

    def _generator_options(self) -> Any:
        return load_yaml(self.read(GENERATOR, "Restore it."), GENERATOR)

    @property
    def client_class(self) -> str:
        """Name of the sync client class that users construct.

        Raises:
            PipelineError: `openapi/generator.yaml` cannot be used.
        """
        from pipeline.generate.parse import read_options  # slow to import: it brings the generator

        options = self._generator_options()
        read_options(options)
        return str(options["x-client-class"])

    def generated(self) -> dict[str, bytes]:
        """Give every file below `generated`, by path below it; caches and links left out."""
        folder = self.root / GENERATED
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
        }

    def client(self, effective: dict[str, Any], *, formatted: bool = True) -> dict[str, bytes]:
        """Generate the client, by path below `generated`.

        Args:
            effective: The effective specification.
            formatted: Whether the code is formatted; unformatted, the same code takes less time.
        """
        from pipeline.generate.package import generate  # slow to import: it brings the generator

        options = self._generator_options()
        files = generate(effective, options, self.templates, formatted=formatted)
        return {f"{options['package_name_override']}/{name}": data for name, data in files.items()}


def _about_page(error: PipelineError, page: str, operation: OperationNode) -> PipelineError:
    """An error about the specification of one operation as one about its page."""
    at, problem = error.pointer, error.problem
    if at != operation.at() and not at.startswith(f"{operation.at()}/"):
        place = at.removeprefix(SCHEMAS) if at.startswith(SCHEMAS) else ""
        problem = f"{problem} (in the schema {place})" if place else problem
        at = operation.at()
    return PipelineError(problem, where=page, pointer=at, remedy=error.remedy)


def read_pages(contents: dict[str, bytes], read: Mapping[str, Page] | None = None) -> list[Page]:
    """Read pages from their bytes, by name, but for those that are read already."""
    there = read or {}
    return [there.get(name) or read_page(content, name) for name, content in contents.items()]


def read_bounded(path: Path) -> bytes:
    """Read a page's bytes, but not much more than a page may have.

    Raises:
        OSError: It cannot be read, or is not a regular file.
    """
    return read_file(path, MAX_BYTES)


def generator_version() -> str:
    """Name and version of the installed generator."""
    return f"openapi-python-client {version('openapi-python-client')}"
