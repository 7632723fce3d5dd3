"""Server -> spec: one sandbox of several platforms answers each by its own specification."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from keyapi import ConfigurationError
from keyapi._client import SyncClient
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.relations._shared import Compared
from keyapi.sandbox import Sandbox, SandboxRequest
from keyapi.specification import Specification

_ONE, _TWO = "zz_one", "zz_two"
"""Platforms; those that are installed besides come before them."""
_MODULE = """
from {module} import Async{base} as _AsyncBase, {base} as _Base

class {name}(_Base):
    _package = __name__

class Async{name}(_AsyncBase):
    _package = __name__
"""
_SHARED = "/zz-shared"
"""A path that both platforms have."""


def together(specification: Specification, client: type[SyncClient]) -> Compared:
    """Each path is answered, and asked for a key, as its own platform has it."""
    documents = {_ONE: _one(specification), _TWO: _two(specification)}
    with _installed(documents, client):
        sandbox = Sandbox(key=KEY)
        names = [name for name in sandbox.clients if name in documents]
        yield "platforms", [_ONE, _TWO], names
        yield from _clients(sandbox)
        yield from _answers(sandbox, specification)
        operations = sandbox.spec.operations
        for name in ("shape_list", "shape_feed", "shape_removal"):
            wanted = {name: f"/{_ONE}", f"{_TWO}.{name}": f"/{_TWO}"}
            starts = {key: operations[key].path[:7] for key in wanted if key in operations}
            yield f"operations {name}", wanted, starts
        schemes = {*sandbox.spec.document["components"]["securitySchemes"]}
        asked = {
            scheme
            for operation in operations.values()
            for each in operation.node.get("security", ())
            for scheme in each
        }
        yield "security schemes that are not declared", set(), asked - schemes
        alone = Sandbox(_TWO, key=KEY)
        yield "one of them", [_TWO], [*alone.clients]
        statuses = [
            alone.respond(SandboxRequest("GET", f"/{name}/shapes/feed", "offset=*")).status
            for name in documents
        ]
        yield "the paths of one of them", [404, 200], statuses


def _clients(sandbox: Sandbox) -> Compared:
    one = sandbox.clients[_ONE]
    yield "repr", "One and Two, 0 requests>", repr(sandbox)[-24:]
    made = (sandbox.client(_ONE), sandbox.client(one), sandbox.async_client(_TWO))
    yield "clients", ["One", "One", "AsyncTwo"], [type(each).__name__ for each in made]
    for which in (None, "zz_three"):
        for make in (sandbox.client, sandbox.async_client):
            try:
                found = type(make(which)).__name__
            except ConfigurationError as error:
                found = str(error)
            named = all(word in found for word in (which or "Name the client", _ONE, _TWO))
            yield f"{make.__name__}({which})", True, named or found


def _answers(sandbox: Sandbox, specification: Specification) -> Compared:
    asked = wire(specification.operations["shape_detail"], {"shape_id": "0f"})
    removal = wire(specification.operations["shape_removal"], {"shape_id": "0f"})
    keyless: Mapping[str, str] = {}

    def answered(path: str, method: str = "GET", headers: Any = asked.headers) -> Any:
        reply = sandbox.respond(SandboxRequest(method, path, "", headers))
        body = reply.json
        data = body.get("data") or {}
        return reply.status, data.get("within", {}).get("of", body.get("of"))

    for name in (_ONE, _TWO):
        yield f"an answer of {name}", (200, name), answered(f"/{name}{asked.path}")
        refused = answered(f"/{name}/shapes/list")
        yield f"a refusal of {name}", (400, name), refused
    yield (
        "a key of one that asks for it",
        (401, _ONE),
        answered(f"/{_ONE}{asked.path}", "GET", keyless),
    )
    yield (
        "no key of one that does not",
        (200, _TWO),
        answered(f"/{_TWO}{asked.path}", "GET", keyless),
    )
    yield (
        "a key where its operation asks",
        (401, _TWO),
        answered(f"/{_TWO}/shapes/pages", "GET", keyless),
    )
    yield "what both have", (200, _ONE), answered(_SHARED)
    yield "what the other has there", (204, None), answered(_SHARED, removal.method)


def _one(specification: Specification) -> dict[str, Any]:
    """The first platform: it asks for a key."""
    document = _of(_ONE, specification)
    document["paths"][_SHARED] = {"get": _alone(document, "get")}
    return document


def _two(specification: Specification) -> dict[str, Any]:
    """The second one: it asks for a key in one operation alone."""
    document = _of(_TWO, specification)
    del document["security"]
    pages = document["paths"][f"/{_TWO}/shapes/pages"]["get"]
    pages["security"] = [{"Key": []}]
    shared = {method: _alone(document, method) for method in ("get", "delete")}
    document["paths"][_SHARED] = shared
    return document


def _of(name: str, specification: Specification) -> dict[str, Any]:
    """The specification with paths of its own, and schemas whose objects say whose they are."""
    document = deepcopy(dict(specification.document))
    document["paths"] = {f"/{name}{path}": item for path, item in document["paths"].items()}
    for schema in document["components"]["schemas"].values():
        schema["properties"]["of"] = {"type": "string", "enum": [name]}
        schema["required"] = [*schema["required"], "of"]
    return document


def _alone(document: Mapping[str, Any], method: str) -> dict[str, Any]:
    """An operation of the path that has two, without its parameters."""
    (item,) = [each for path, each in document["paths"].items() if path.endswith("/detail")]
    return {**item[method], "operationId": f"shared_{method}", "parameters": []}


@contextmanager
def _installed(documents: Mapping[str, Any], client: type[SyncClient]) -> Iterator[None]:
    """Install a package for each platform, until the block ends."""
    packages = [f"keyapi_{name}" for name in documents]
    with TemporaryDirectory() as folder:
        about = Path(folder, "keyapi_zz-1.dist-info")
        about.mkdir()
        about.joinpath("METADATA").write_text(
            "Metadata-Version: 2.1\nName: keyapi-zz\nVersion: 1\n"
        )
        points = ["[keyapi.clients]"]
        for name, document in documents.items():
            package = Path(folder, f"keyapi_{name}")
            package.mkdir()
            kind = name.removeprefix("zz_").title()
            words = {"module": client.__module__, "base": client.__name__, "name": kind}
            package.joinpath("__init__.py").write_text(_MODULE.format(**words))
            package.joinpath("openapi.json").write_text(json.dumps(document))
            points.append(f"{name} = {package.name}:{kind}")
        about.joinpath("entry_points.txt").write_text("\n".join(points))
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(folder)
            for package_name in packages:
                sys.modules.pop(package_name, None)
