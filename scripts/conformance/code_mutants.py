"""Mutants of sources: of the runtime, of the sandbox, and of generated clients.

A copy of the package is changed on disk, imported in a child process in place of the installed one,
and shown to the relations of the contract suite.
"""

from __future__ import annotations

import shutil
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from conformance.code_judge import CPU, Judge
from conformance.code_nodes import same_bytecode
from conformance.code_operators import OPERATORS, Code, CodeMutant
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.outcomes import MutantOutcome
from keyapi.conformance.mutation.planter import Part, Planter
from pipeline.cli import ROOT

_RUNTIME = ROOT / "src"
_CLIENTS = {
    "keyapi_tiktok": ROOT / "generated",
    "keyapi_example": ROOT / "tests/support/example/generated",
}
# No part of a call: how options and facts are read, and what tells which clients are installed.
_NOT_CALLED = {"__init__", "__main__", "_clients", "_config", "_connection", "_facts", "_openapi"}
_NOT_CALLED |= {"specification", "testing"}
# No part of an answer: commands to a running sandbox, how it is served, and several in one.
_NOT_ANSWERING = {"__init__", "_control", "_http", "_schedule", "_server", "_together"}


class CodePlanter(Planter):
    """Plants faults in source files; what they are in is a matter of subclasses.

    Attributes:
        changed: Top-level packages that are imported again for each fault: those that hold the
            files, and what imports them.
        first: Relations that look first.
        patience: What one relation may take for one operation, in seconds of a processor.
    """

    required = 0.25  # of two by default; the aim, for all of them, is 0.95
    sample = 2  # whichever is not caught takes a whole run of the suite, a quarter of a minute
    control = "code"
    operators = OPERATORS
    changed: ClassVar[tuple[str, ...]]
    first: ClassVar[tuple[str, ...]] = ()
    patience: float = CPU

    def __init__(self) -> None:
        self._sources: dict[str, Code] = {}
        self._copied: dict[str, TemporaryDirectory[str]] = {}

    @property
    @abstractmethod
    def files(self) -> Mapping[str, Path]:
        """The files, by their path from the folder that holds their package."""

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.changed, tuple(_CLIENTS.values()), self.patience)

    def packages(self, file: str) -> Sequence[str]:
        """The generated packages that the suite runs on, for a fault in a file."""
        return tuple(_CLIENTS)

    def parts(self, baseline: Baseline, operators: Sequence[str]) -> Iterator[Part]:
        """Cut the work into parts of one mutant each."""
        for file in self.files:
            for mutant in self._source(file).mutants(operators):
                named = f"{file}:{mutant.function}"
                yield Part(named, mutant.number, (mutant.operator,))

    def outcomes(self, baseline: Baseline, part: Part) -> Iterator[MutantOutcome]:
        """Plant and judge one mutant."""
        file, _, function = part.operation.partition(":")
        source = self._source(file)
        for mutant in source.mutants(part.operators):
            if (mutant.function, mutant.number) == (function, part.number):
                yield self._outcome(file, source, mutant)

    def problems(self, baseline: Baseline) -> Iterable[str]:
        """What the suite finds in all sources without a fault."""
        judge = Judge(RuntimePlanter.changed, tuple(_CLIENTS.values()))
        try:
            return list(judge.findings(None, tuple(_CLIENTS)).values())
        finally:
            judge.close()

    def close(self) -> None:
        """End the process that judges, and remove the copies; both are made again when needed."""
        self._judge.close()
        for copied in self._copied.values():
            copied.cleanup()
        self._copied.clear()

    def _source(self, file: str) -> Code:
        if file not in self._sources:
            self._sources[file] = Code(self.files[file].read_text("utf-8"))
        return self._sources[file]

    def _outcome(self, file: str, source: Code, mutant: CodeMutant) -> MutantOutcome:
        text = source.planted(mutant)
        where = self.files[file].relative_to(ROOT).as_posix()
        proof, caught = "", {}
        if same_bytecode(text, source.text):
            proof = "same bytecode"
        else:
            caught = dict(self._judged(file, text))
        return MutantOutcome(
            place=self.place,
            operator=mutant.operator,
            where=f"{where}:{mutant.line}: {mutant.change}",
            driver="all",
            caught=caught,
            proof=proof,
        )

    def _judged(self, file: str, text: str) -> Mapping[str, str]:
        folder = self._folder(file.partition("/")[0])
        copied, original = folder / file, self.files[file]
        copied.write_text(text, "utf-8")
        try:
            return self._judge.findings(folder, self.packages(file), self.first)
        finally:
            shutil.copy2(original, copied)

    def _folder(self, package: str) -> Path:
        """A folder with a copy of a package, and with the bytecode of what is not changed."""
        if package not in self._copied:
            any_file = next(file for file in self.files if file.startswith(f"{package}/"))
            original = self.files[any_file].parents[any_file.count("/") - 1]
            self._copied[package] = TemporaryDirectory(prefix="keyapi-mutant-")
            shutil.copytree(original, Path(self._copied[package].name, package))
        return Path(self._copied[package].name)


class RuntimePlanter(CodePlanter):
    """Plants faults in what a call goes through."""

    place = "runtime"
    changed = ("keyapi", "keyapi_tiktok", "keyapi_example")

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The modules of the runtime beneath a call."""
        folder = _RUNTIME / "keyapi"
        here = [path for path in folder.glob("*.py") if path.stem not in _NOT_CALLED]
        below = [path for name in ("_sending", "contract") for path in (folder / name).glob("*.py")]
        return _named(_RUNTIME, [*here, *below])


class SandboxPlanter(CodePlanter):
    """Plants faults in what answers in the place of a server."""

    place = "sandbox"
    changed = RuntimePlanter.changed
    first = ("server -> spec",)

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The modules of the sandbox that answer a request."""
        modules = (_RUNTIME / "keyapi/sandbox").glob("*.py")
        return _named(_RUNTIME, [path for path in modules if path.stem not in _NOT_ANSWERING])


class ClientPlanter(CodePlanter):
    """Plants faults in generated clients: the committed one, and the one of all page shapes."""

    place = "client"
    changed = tuple(_CLIENTS)

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The modules of both clients; what is the same in both stands once."""
        found: dict[str, Path] = {}
        contents: set[bytes] = set()
        for package, root in _CLIENTS.items():
            for path in sorted((root / package).rglob("*.py")):
                content = path.read_bytes()
                if content not in contents:
                    contents.add(content)
                    found[path.relative_to(root).as_posix()] = path
        return found

    def packages(self, file: str) -> Sequence[str]:
        """The package that the file is in."""
        return (file.partition("/")[0],)


def _named(root: Path, paths: Iterable[Path]) -> dict[str, Path]:
    return {path.relative_to(root).as_posix(): path for path in sorted(paths)}
