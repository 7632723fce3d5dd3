"""Mutants of the sources: whoever made the fault ran the pipeline afterwards.

A page or an action of the overlay is changed, and the pages are vendored, corrected and shaped
again, so that every hash and everything generated agree. Only what was written down before can
notice: the list of what page and specification say alone, the recordings, the golden cases.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from conformance import overlay_operators, page_operators
from conformance.page_words.listing import Listing, differences, made, read_listing
from conformance.spec_operators import OPERATORS, SpecMutant
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.outcomes import Detections, MutantOutcome
from keyapi.conformance.mutation.planter import Part, Planter
from keyapi.conformance.recordings import by_specification, missing
from keyapi.conformance.relations import spec_is_sound
from keyapi.recording.har import read
from keyapi.recording.model import Recording
from keyapi.specification import Specification
from pipeline.correct.overlay import correct
from pipeline.document.yaml import load_yaml
from pipeline.errors import PipelineError
from pipeline.project import Project, generator_version, read_pages
from pipeline.shape import shape
from pipeline.vendor.merge import merge

Golden = Callable[[Mapping[str, Any]], str]
"""Says what golden cases find wrong with an effective specification; empty for nothing."""
Made = tuple[Mapping[str, bytes], Mapping[str, Any], Mapping[str, Any] | None]
_PAGES = "spec - page"


@dataclass(frozen=True)
class Sources:
    """A project's sources, and what was written down about them.

    Attributes:
        root: The project's top folder.
        recordings: The folder of its recordings.
        golden: Its golden cases; None where it has none.
    """

    root: Path
    recordings: Path
    golden: Golden | None = None

    @cached_property
    def project(self) -> Project:
        """The project."""
        return Project(self.root)

    @cached_property
    def pages(self) -> dict[str, bytes]:
        """The pages' bytes, by name."""
        return self.project.page_contents()

    @cached_property
    def cut(self) -> dict[str, page_operators.Source]:
        """The pages, cut around their blocks, by name."""
        return {name: page_operators.Source.of(content) for name, content in self.pages.items()}

    @cached_property
    def overlay(self) -> dict[str, Any]:
        """The overlay."""
        where = self.project.overlay
        document: dict[str, Any] = load_yaml(self.project.read(where, ""), where)
        return document

    @cached_property
    def listing(self) -> Listing:
        """What page and specification say alone, as committed."""
        return read_listing(self.project) or {"pages": {}}

    @cached_property
    def recorded(self) -> list[Recording]:
        """The recordings."""
        return [
            recording for path in sorted(self.recordings.rglob("*.har")) for recording in read(path)
        ]

    @cached_property
    def lacking(self) -> frozenset[str]:
        """What has no recording without a fault."""
        return frozenset(missing(Specification(self.spec), self.recorded))

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The effective specification."""
        return self.effective(self.pages, self.overlay)

    def effective(self, pages: Mapping[str, bytes], overlay: Mapping[str, Any]) -> dict[str, Any]:
        """Make the effective specification of other pages and another overlay.

        Raises:
            PipelineError: They cannot be used.
        """
        vendored = merge(read_pages(dict(pages)), self.project.lock(), generator_version())
        corrected = correct(vendored.spec, dict(overlay), self.project.overlay)
        return shape(corrected.spec, vendored.lock, self.project.client_class).spec


class SourceMutant(NamedTuple):
    """Sources with one fault.

    Attributes:
        where: The page or action, and the place in it.
        make: Makes the sources: the pages, by name, the overlay, and the effective specification
            where it is not made from these.
    """

    where: str
    make: Callable[[], Made]


def notice(sources: Sources, mutant: SourceMutant) -> tuple[dict[str, str], str]:
    """Judge a mutant.

    Args:
        sources: The sources without the fault.
        mutant: The fault.

    Returns:
        What notices it, each with its first finding; and a proof that it makes no difference, which
        is empty where it makes one or something was found.
    """
    detections = Detections()
    pages, overlay, wrong = mutant.make()
    try:
        spec = wrong or sources.effective(pages, overlay)
    except PipelineError as error:
        return {_PAGES: f"refused: {error}"}, ""
    try:
        current = made(pages, spec, overlay)
        for where, line in differences(sources.listing, current):
            detections.add(_PAGES, f"{where}: {line}")
        _look(sources, spec, detections)
    except Exception as error:  # whatever a specification that cannot be used is to each reader
        detections.add(_PAGES, f"{type(error).__name__}: {error}")
    if not detections.found and sources.golden:
        found = sources.golden(spec)
        if found:
            detections.add("golden", found)
    same = spec == sources.spec and pages == sources.pages
    return detections.found, "" if detections.found or not same else "same specification"


def _look(sources: Sources, spec: Mapping[str, Any], detections: Detections) -> None:
    specification = Specification(spec)
    detections.look_once(spec_is_sound(specification))
    for text in missing(specification, sources.recorded):
        if " --documented" in text and text not in sources.lacking:
            detections.add("recording", text)
    for recording in sources.recorded:
        for finding in by_specification(recording, specification):
            detections.add("recording", str(finding))


class SourcePlanter(Planter):
    """Plants faults in the sources of several projects.

    Args:
        sources: The projects, by name.
    """

    sample: ClassVar[int] = 6
    control = "sources"

    def __init__(self, sources: Mapping[str, Sources]) -> None:
        self.sources = sources

    @abstractmethod
    def mutants(self, sources: Sources, operator: str) -> Iterator[SourceMutant]:
        """Yield the mutants of an operator."""

    def parts(self, baseline: Baseline, operators: Sequence[str]) -> Iterator[Part]:
        """Cut the work into parts of one mutant each."""
        for name, sources in self.sources.items():
            for operator in operators:
                for number, _ in enumerate(self.mutants(sources, operator)):
                    yield Part(name, number, (operator,))

    def outcomes(self, baseline: Baseline, part: Part) -> Iterator[MutantOutcome]:
        """Plant and judge one part of the work."""
        sources = self.sources[part.operation]
        (operator,) = part.operators
        mutant = [*self.mutants(sources, operator)][part.number]
        found, proof = notice(sources, mutant)
        where = f"{part.operation}: {mutant.where}"
        yield MutantOutcome(self.place, operator, where, "all", found, proof)

    def problems(self, baseline: Baseline) -> Iterator[str]:
        """What is noticed without a fault."""
        for name, sources in self.sources.items():
            as_it_is = partial(lambda it: (it.pages, it.overlay, it.spec), sources)
            found, _ = notice(sources, SourceMutant("", as_it_is))
            yield from (f"{name}: {text}" for text in found.values())


class PagePlanter(SourcePlanter):
    """Plants faults in pages."""

    place = "page"
    operators = page_operators.OPERATORS

    def mutants(self, sources: Sources, operator: str) -> Iterator[SourceMutant]:
        """Yield each page with each fault."""

        def make(name: str, written: Callable[[], bytes]) -> Made:
            return {**sources.pages, name: written()}, sources.overlay, None

        for name, source in sources.cut.items():
            for where, written in page_operators.OPERATORS[operator](source):
                yield SourceMutant(f"{name}, {where}", partial(make, name, written))


class OverlayPlanter(SourcePlanter):
    """Plants faults in actions of the overlay."""

    place = "overlay"
    operators = overlay_operators.OPERATORS

    def mutants(self, sources: Sources, operator: str) -> Iterator[SourceMutant]:
        """Yield the overlay with each fault."""

        def make(index: int, edited: dict[str, Any] | None) -> Made:
            actions = [*sources.overlay["actions"]]
            actions[index : index + 1] = [] if edited is None else [edited]
            return sources.pages, {**sources.overlay, "actions": actions}, None

        for index, action in enumerate(sources.overlay["actions"]):
            for where, edited in overlay_operators.OPERATORS[operator](action):
                place = f"action {index} {where}".strip()
                yield SourceMutant(place, partial(make, index, edited))


class RulePlanter(SourcePlanter):
    """Plants faults in the effective specification that client, server and contract all follow.

    It is what a wrong rule would make of pages that are as they were.
    """

    place = "rule"
    operators = OPERATORS
    sample = 8

    def mutants(self, sources: Sources, operator: str) -> Iterator[SourceMutant]:
        """Yield the specification with each fault."""

        def make(mutant: SpecMutant) -> Made:
            return sources.pages, sources.overlay, mutant.spec

        for mutant in OPERATORS[operator](sources.spec):
            where = f"{mutant.operation or 'all'} {mutant.pointer}"
            yield SourceMutant(where, partial(make, mutant))
