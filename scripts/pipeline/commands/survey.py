"""Survey pages, alone and together, and report how far each is understood; nothing is written."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

from conformance.clients import loaded
from keyapi.specification import Specification
from pipeline.commands.vendor import Prepared, prepare
from pipeline.errors import PipelineError
from pipeline.project import Project, read_bounded
from pipeline.survey.calling import call
from pipeline.survey.operation import only, understood
from pipeline.survey.report import Survey, Surveyed, Together, as_json, as_table
from pipeline.survey.sources import Downloads, Places, Source, find, together
from pipeline.vendor.collect import Selection
from pipeline.vendor.pages import operations_named


def survey(root: Path, places: Places, *, json: bool = False, called: bool = False) -> int:
    """Survey pages, and print what was found.

    Args:
        root: The project's top folder.
        places: Where to look for pages; those vendored already where none is named.
        json: Print JSON instead of a table.
        called: Call each method on the sandbox, and run the relations of the contract suite.

    Returns:
        Exit code: 1 when a page is refused, alone or together with the others, or when the contract
        does not hold where methods are called; else 0.

    Raises:
        PipelineError: A file does not exist, or an address or the index cannot be used.
    """
    surveyor = _Surveyor(Project(root), called=called)
    found = find(root, places, surveyor.downloads)
    pages = [surveyor.alone(source) for source in found.sources]
    accepted = [
        source for source, page in zip(found.sources, pages, strict=True) if not page.refused
    ]
    outcome = surveyor.together(accepted) if len(accepted) > 1 else None
    result = Survey(pages, outcome, found.skipped)
    print(as_json(result) if json else "\n".join(as_table(result)))
    return 0 if result.complete else 1


class _Surveyor:
    """Surveys pages for one project.

    Args:
        project: The project.
        called: Whether methods are called.
    """

    def __init__(self, project: Project, *, called: bool) -> None:
        self.downloads = Downloads()
        self._project = project
        self._called = called

    @cached_property
    def _unchanged(self) -> Prepared:
        """The project as it is: the same for every page that is vendored already."""
        return prepare(self._project, Selection())

    @cached_property
    def _vendored(self) -> set[bytes]:
        return set(self._project.page_contents().values())

    def alone(self, source: Source) -> Surveyed:
        """Survey one page beside those already vendored."""
        page = Surveyed(source.name, source.name)
        try:
            content = self._content(source)
            page = replace(page, operation=next(iter(operations_named(content)), ""))
            is_new = content not in self._vendored
            prepared = (
                prepare(self._project, source.selection, self.downloads, overlay_later=True)
                if is_new
                else self._unchanged
            )
            contents = prepared.pages.contents
            name = next(name for name, other in contents.items() if other == content)
            operation = prepared.vendored.lock["pages"][name]["operation"]
            page = replace(page, name=name, operation=operation, vendored=True)
            if prepared.effective is None:
                return replace(page, refused=" ".join(prepared.notes[0].split()))
            notes = tuple(n for n in prepared.effective.notes if n.startswith(f"{name} "))
            return self._generated(replace(page, notes=notes), prepared.effective.spec)
        except PipelineError as error:
            return replace(page, refused=str(error))

    def _content(self, source: Source) -> bytes:
        if source.selection.files:
            return read_bounded(source.selection.files[0])
        (url,) = source.selection.urls
        return self.downloads([url])[url].content or b""

    def _generated(self, page: Surveyed, spec: dict[str, object]) -> Surveyed:
        """Generate and import a client of the page's operation alone; look at it, and call it."""
        try:
            document = only(spec, page.operation)
            package = self._project.client(document, formatted=False)
            files = {name.partition("/")[2]: content for name, content in package.items()}
            with loaded(files, self._project.client_class) as client:
                page = replace(
                    page, generated=True, understood=understood(Specification(document), client)
                )
                return replace(page, called=call(document, client)) if self._called else page
        except PipelineError:
            raise
        except Exception as error:  # whatever a page that nobody has seen leads to
            return replace(page, refused=f"the client fails: {type(error).__name__}: {error}")

    def together(self, accepted: list[Source]) -> Together:
        """Vendor several pages at once, and generate their client."""
        outcome = Together(len(accepted))
        try:
            prepared = prepare(
                self._project, together(accepted), self.downloads, overlay_later=True
            )
            if prepared.effective is None:
                return replace(outcome, vendored=True, refused=" ".join(prepared.notes[0].split()))
            outcome = replace(outcome, vendored=True)
            self._project.client(prepared.effective.spec, formatted=False)
        except PipelineError as error:
            return replace(outcome, refused=str(error))
        return replace(outcome, generated=True)
