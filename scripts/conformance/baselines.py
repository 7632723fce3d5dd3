"""What mutants are held against: one specification, and all that is made of it, made once."""

from __future__ import annotations

import ast
import atexit
import itertools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module, invalidate_caches
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from keyapi._client import SyncClient
from keyapi.conformance.bodies import answers
from keyapi.conformance.capture import documented, method_of
from keyapi.conformance.cases import Case, cases
from keyapi.conformance.drivers import Caller, Serve, Served, sandbox_server
from keyapi.conformance.judge import Answer
from keyapi.conformance.outcomes import Outcomes
from keyapi.conformance.relations import Finding, client_to_spec, server_to_spec, spec_to_client
from keyapi.contract import Contract
from keyapi.recording.har import written
from keyapi.recording.model import Recording
from keyapi.specification import OperationSpec, Specification
from support.pages import ROOT
from support.specs import committed, synthetic

_NUMBERS = itertools.count()
_A_PAGE = "a page"  # that documented recordings name; what it says is not looked at
_SHOWN = 300  # how much of a finding is kept, in characters


@dataclass(frozen=True)
class Verdict:
    """What came of one mutant, as one party sees it.

    Attributes:
        kind: "answer" or "specification", what the fault is in.
        operator: What planted it.
        where: Operation and pointer, and the case for an answer.
        party: Who sees it.
        caught: The relations that catch it, each with what it says.
        proof: The kind of proof that it is equivalent; empty where there is none.
        sound: Whether the specification by itself is as it should be.
    """

    kind: str
    operator: str
    where: str
    party: str
    caught: Mapping[str, str] = field(default_factory=dict)
    proof: str = ""
    sound: bool = True

    @property
    def survived(self) -> bool:
        """Whether it is neither caught nor proved to be equivalent."""
        return not self.caught and not self.proof

    def __str__(self) -> str:
        return f"{self.operator}, seen by the {self.party}: {self.where}"


class Noticed:
    """Collects what relations find: of each relation, the first finding."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def look(self, findings: Iterator[Finding]) -> None:
        """Take note of findings of several relations."""
        for finding in findings:
            self.add(finding.relation, str(finding))

    def look_once(self, findings: Iterator[Finding]) -> None:
        """Take note of the first finding of one relation, and look no further."""
        for finding in islice(findings, 1):
            self.add(finding.relation, str(finding))

    def add(self, relation: str, text: str) -> None:
        """Take note of one finding."""
        self.found.setdefault(relation, text[:_SHOWN])


class Asked(NamedTuple):
    """A case, and what the server answered it."""

    case: Case
    served: Served


class Baseline:
    """A specification, and the parties that keep to it.

    Args:
        document: The effective specification.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.specification = Specification(document)
        self.contract = Contract(document)
        self._recordings: dict[str, list[Recording]] = {}
        self._answers: dict[str, list[Answer]] = {}
        self._asked: dict[str, list[Asked]] = {}
        self._verdicts: dict[tuple[str, int, bytes], set[tuple[str, str]] | str] = {}

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The generated client's files."""
        return client_files(self.document)

    @cached_property
    def client(self) -> type[SyncClient]:
        """The client, imported for as long as the process runs."""
        loading = loaded(self.files)
        atexit.register(loading.__exit__, None, None, None)
        return loading.__enter__()

    @cached_property
    def caller(self) -> Caller:
        """Calls the client."""
        return Caller(self.client)

    def answers(self, operation: OperationSpec) -> list[Answer]:
        """Good and bad answers of an operation."""
        if operation.name not in self._answers:
            self._answers[operation.name] = list(answers(self.specification, operation))
        return self._answers[operation.name]

    def asked(self, operation: OperationSpec) -> list[Asked]:
        """What a right server answers to every case."""
        if operation.name not in self._asked:
            serve = sandbox_server(spec=self.document)
            self._asked[operation.name] = [
                Asked(case, serve(operation, case)) for case in cases(operation)
            ]
        return self._asked[operation.name]

    def verdict(self, operation: OperationSpec, answer: Answer) -> set[tuple[str, str]] | str:
        """What the contract says of an answer to the documented call."""
        key = operation.name, answer.status, answer.content
        if key not in self._verdicts:
            self._verdicts[key] = verdict(self.contract, operation, answer)
        return self._verdicts[key]

    def recordings(self, operation: OperationSpec) -> list[Recording]:
        """The documented recordings of an operation."""
        if operation.name not in self._recordings:
            self._recordings[operation.name] = recordings(
                self.client, self.specification, operation
            )
        return self._recordings[operation.name]

    def problems(self, operation: OperationSpec) -> list[str]:
        """What relations find wrong without any fault: on such an operation, none can be judged."""
        noticed = Noticed()
        serve = sandbox_server(spec=self.document)
        base_url = self.client.default_base_url
        some = self.answers(operation)[::10]
        noticed.look(server_to_spec(self.contract, operation, serve))
        noticed.look(client_to_spec(operation, self.caller, base_url))
        noticed.look(spec_to_client(self.contract, operation, self.caller, some))
        return list(noticed.found.values())


def verdict(
    contract: Contract, operation: OperationSpec, answer: Answer
) -> set[tuple[str, str]] | str:
    """Where and how an answer breaks a contract; or what judging it raises."""
    try:
        found = contract.violations(
            operation.name,
            answer.status,
            answer.content,
            headers=answer.headers,
            arguments=next(iter(cases(operation))).arguments,
        )
    except Exception as error:  # whatever a specification that cannot be read leads to
        return f"{type(error).__name__}: {error}"
    return {(violation.pointer, violation.rule) for violation in found}


def baseline(name: str) -> Baseline:
    """Give the baseline of a name: "committed", "synthetic" or "zoo"."""
    if name == "zoo":
        from support.page_shapes import zoo_specification

        return Baseline(zoo_specification())
    return Baseline({"committed": committed, "synthetic": synthetic}[name]())


def client_files(document: dict[str, Any]) -> dict[str, bytes]:
    """Generate a client, and leave its code unformatted."""
    from pipeline.generate.package import generate

    options, compiled = _generator()
    templates = ROOT / "openapi/templates"
    return generate(document, options, templates, formatted=False, compiled=compiled)


@cache
def _generator() -> tuple[Any, BytecodeCache]:
    """Options of the generator, and its templates, compiled once per process."""
    import yaml

    class InMemory(BytecodeCache):
        def __init__(self) -> None:
            self.kept: dict[str, bytes] = {}

        def load_bytecode(self, bucket: Bucket) -> None:
            if bucket.key in self.kept:
                bucket.bytecode_from_string(self.kept[bucket.key])

        def dump_bytecode(self, bucket: Bucket) -> None:
            self.kept[bucket.key] = bucket.bytecode_to_string()

    return yaml.safe_load((ROOT / "openapi/generator.yaml").read_text("utf-8")), InMemory()


def same_code(files: Mapping[str, bytes], others: Mapping[str, bytes]) -> bool:
    """Whether the Python of two packages is the same, all of it but the docstrings."""
    code, other = (
        {name: content for name, content in some.items() if name.endswith(".py")}
        for some in (files, others)
    )
    return code.keys() == other.keys() and all(
        content == other[name] or _code(content) == _code(other[name])
        for name, content in code.items()
    )


def _code(content: bytes) -> str:
    return ast.dump(_without_docstrings(ast.parse(content)))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree


@contextmanager
def loaded(files: Mapping[str, bytes]) -> Iterator[type[SyncClient]]:
    """Import a generated client under a name of its own, and forget it afterwards."""
    name = f"planted_client_{next(_NUMBERS)}"
    with TemporaryDirectory() as folder:
        for path, content in files.items():
            file = Path(folder, name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        sys.path.insert(0, folder)
        invalidate_caches()
        try:
            client: type[SyncClient] = import_module(name).TikTok
            yield client
        finally:
            sys.path.remove(folder)
            for module in [one for one in sys.modules if one.partition(".")[0] == name]:
                del sys.modules[module]


def recordings(
    client: type[SyncClient], specification: Specification, operation: OperationSpec
) -> list[Recording]:
    """Write the documented recordings of an operation, by a client that keeps the baseline."""
    method = method_of(client, operation.name)
    outcomes = Outcomes(specification, method).documented()
    its = specification.operations[operation.name]
    attempts = documented(client, its, method, outcomes, _A_PAGE)
    return [attempt.recording for attempt in attempts if attempt.recording is not None]


def as_files(made: list[Recording]) -> list[bytes]:
    """The bytes that recordings are written as."""
    return [written([one]) for one in made]


def keeping(serve: Serve, kept: list[Asked]) -> Serve:
    """A server that keeps what it is asked and answers."""

    def serving(operation: OperationSpec, case: Case) -> Served:
        served = serve(operation, case)
        kept.append(Asked(case, served))
        return served

    return serving
