"""Clients generated from any specification: what mutants of one are compared with."""

from __future__ import annotations

import ast
import atexit
import itertools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from importlib import import_module, invalidate_caches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from keyapi._client import SyncClient
from keyapi._models import Model
from keyapi.conformance.cases import cases
from keyapi.conformance.drivers import Caller, Inexpressible
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.specification import OperationSpec
from pipeline.cli import ROOT
from pipeline.generate.package import generate

_NUMBERS = itertools.count()
_PARSED = 3  # answers that a client with other code parses; the contracts judge all of them


class GeneratedBaseline(Baseline):
    """A specification, and a client that is generated from it.

    Args:
        document: The effective specification.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document)
        self.document: dict[str, Any] = document
        self._traffic: dict[str, list[Any]] = {}

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The generated client's files."""
        return client_files(self.document)

    def make_client(self) -> type[SyncClient]:
        """Import the client, for as long as the process runs."""
        loading = loaded(self.files)
        atexit.register(loading.__exit__, None, None, None)
        return loading.__enter__()

    def sample(self, operation: OperationSpec) -> list[ServerAnswer]:
        """The answers of an operation that clients with other code parse."""
        return self.answers(operation)[:_PARSED]

    def traffic(self, operation: OperationSpec) -> list[Any]:
        """What the client sends of an operation, and makes of the sample."""
        if operation.name not in self._traffic:
            self._traffic[operation.name] = traffic(self.caller, operation, self.sample(operation))
        return self._traffic[operation.name]


def traffic(caller: Caller, operation: OperationSpec, sample: list[ServerAnswer]) -> list[Any]:
    """All that goes out for all cases, and what is made of some answers.

    Args:
        caller: Calls the client.
        operation: The operation.
        sample: The answers, at least one.
    """
    seen: list[Any] = []
    first = next(iter(cases(operation))).arguments
    for case, answer in (
        *((case.arguments, sample[0]) for case in cases(operation)),
        *((first, answer) for answer in sample),
    ):
        try:
            sent = caller.call(operation.name, case, answer)
        except Inexpressible:
            sent = None
        if sent is None or not sent.requests:
            seen.append("nothing was sent")
            continue
        requests = [(one.method, str(one.url), one.content) for one in sent.requests]
        given = sent.result
        rows = list(given) if isinstance(given, list) or hasattr(given, "items") else [given]
        read = [row.to_dict() if isinstance(row, Model) else str(row) for row in rows]
        seen.append((requests, type(given).__name__, read, sent.credits))
    return seen


def client_files(document: dict[str, Any], *, valid: bool = False) -> dict[str, bytes]:
    """Generate a client, and leave its code unformatted.

    Args:
        document: The effective specification.
        valid: Whether it is known to be valid OpenAPI.
    """
    options, compiled = _generator()
    templates = ROOT / "openapi/templates"
    return generate(document, options, templates, formatted=False, compiled=compiled, valid=valid)


@cache
def _generator() -> tuple[Any, BytecodeCache]:
    """Options of the generator, and its templates, compiled once per process."""

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
        {name: content for name, content in package.items() if name.endswith(".py")}
        for package in (files, others)
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
def loaded(files: Mapping[str, bytes], client_class: str = "TikTok") -> Iterator[type[SyncClient]]:
    """Import a generated client under a name of its own, and forget it afterwards.

    Args:
        files: The package's files, by path inside it.
        client_class: Name of its sync client class.
    """
    name = f"planted_client_{next(_NUMBERS)}"
    with TemporaryDirectory() as folder:
        for path, content in files.items():
            file = Path(folder, name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        sys.path.insert(0, folder)
        invalidate_caches()
        try:
            client: type[SyncClient] = getattr(import_module(name), client_class)
            yield client
        finally:
            sys.path[:] = [path for path in sys.path if path != folder]
            for module in [module for module in sys.modules if module.partition(".")[0] == name]:
                del sys.modules[module]
