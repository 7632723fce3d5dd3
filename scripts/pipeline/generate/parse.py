"""Have the generator read the effective specification; nothing may be left out.

`openapi-python-client` skips what it cannot parse, and only warns: here that is an error.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.schema.untrusted_string import UntrustedString

from keyapi._json import pointer
from keyapi._openapi import OperationNode, named_schemas, schema_name
from pipeline.errors import PipelineError
from pipeline.generate.wide import in_linear_time
from pipeline.shape.maps import is_map

# Variables and imports of the low-level functions' modules.
_LOCALS = {"params", "headers", "cookies", "kwargs", "response", "body", "errors", "quote", "httpx"}
_EFFECTIVE = "the effective specification"
_OPTIONS = "openapi/generator.yaml"
_OPERATION = re.compile(r"parsing ([A-Z]+) (/\S+) within")
_REMEDY = "Correct what was published with an action in the overlay, openapi/*.overlay.yaml."
# How the generator prints a text of the document that it does not put into code.
_HIDDEN = re.compile(r"<[^\s<]+UntrustedString object at \w+>")
_DATA = re.compile(r"^([^{\n]*+)\{.*\}", re.MULTILINE)


def parse(
    spec: dict[str, Any], settings: ConfigFile, folder: Path, *, valid: bool = False
) -> tuple[GeneratorData, Config]:
    """Read a specification as the generator does.

    Args:
        spec: The effective specification.
        settings: The generator's options.
        folder: Where the package is written; it need not exist.
        valid: Whether the specification is known to be valid OpenAPI.

    Raises:
        PipelineError: The specification is invalid, or the generator would skip part of it.
    """
    if not valid:
        _require_valid(spec)
    config = Config.from_sources(
        settings, MetaType.NONE, folder.parent, "utf-8", overwrite=False, output_path=folder
    )
    try:
        with in_linear_time():
            data = GeneratorData.from_dict(_without_maps(spec), config=config)
    except ValueError as error:  # such as two members of an enum that get the same name
        raise left_out([GeneratorError(header="the generator failed", detail=str(error))]) from None
    if isinstance(data, GeneratorError):
        raise left_out([data])
    collections = data.endpoint_collections_by_tag.values()
    # Errors of components come first: operations fail because of them.
    errors = [*data.errors, *(error for each in collections for error in each.parse_errors)]
    if errors:
        raise left_out(errors)
    _rename_arguments(data, config)
    return data, config


def _without_maps(node: Any) -> Any:
    """A specification in which the values that are maps may be anything.

    The generator would make a class without properties for each; `render` gives them their types.
    """
    if isinstance(node, list):
        return [_without_maps(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "object" and is_map(node):
        return {"description": node["description"]} if "description" in node else {}
    return {key: _without_maps(value) for key, value in node.items()}


def read_options(options: Any) -> ConfigFile:
    """Read the generator's options; an unknown one is an error.

    Args:
        options: What `openapi/generator.yaml` says, as JSON data.

    Raises:
        PipelineError: One of them cannot be used.
    """

    def refuse(problem: str, key: str = "") -> PipelineError:
        return PipelineError(
            problem,
            where=_OPTIONS,
            pointer=pointer(key) if key else "",
            remedy=f"Fix it, or restore it: git checkout {_OPTIONS}.",
        )

    if not isinstance(options, dict):
        raise refuse("must be an object of options")
    for key in ("package_name_override", "x-client-class"):
        name = options.get(key)
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise refuse(f"{name!r} is not a valid Python name", key)
    own = {key: value for key, value in options.items() if not key.startswith("x-")}
    if unknown := sorted(own.keys() - ConfigFile.model_fields.keys()):
        raise refuse("unknown option", unknown[0])
    try:
        return ConfigFile(**own)
    except ValueError as error:
        raise refuse(str(error)) from None


def _rename_arguments(data: GeneratorData, config: Config) -> None:
    """Rename arguments that the low-level functions' own variables would hide.

    As the generator itself does for `client` and `url`: `params` becomes `params_query`.
    """
    for collection in data.endpoint_collections_by_tag.values():
        for endpoint in collection.endpoints:
            for prop in endpoint.query_parameters:
                if prop.python_name in _LOCALS:
                    prop.set_python_name(UntrustedString(f"{prop.python_name}_query"), config)


def _require_valid(spec: dict[str, Any]) -> None:
    from pipeline.generate.validity import problem_of  # slow to import: it brings the validator

    found = problem_of(spec)
    if found is not None:
        problem, at = found
        raise PipelineError(
            f"not valid OpenAPI 3.0: {problem}", where=_EFFECTIVE, pointer=at, remedy=_REMEDY
        )


def alone(spec: dict[str, Any], operation: OperationNode) -> dict[str, Any]:
    """A specification of one operation, with the named schemas that it uses.

    Args:
        spec: The effective specification.
        operation: The operation.
    """
    schemas, used, waiting = named_schemas(spec), set[str](), [operation.node]
    while waiting:
        # An example may hold what looks like a reference.
        names = (set(_references(waiting.pop())) & schemas.keys()) - used
        used |= names
        waiting += [schemas[name] for name in names]
    components = {**spec["components"], "schemas": {n: schemas[n] for n in schemas if n in used}}
    return {
        **spec,
        "paths": {operation.path: {operation.method: operation.node}},
        "components": components,
    }


def _references(node: Any) -> Iterator[str]:
    """Names of the schemas that a part of a specification refers to."""
    if isinstance(node, dict):
        if name := schema_name(node.get("$ref")):
            yield name
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def left_out(errors: Sequence[GeneratorError]) -> PipelineError:
    """The error for what the generator would skip: its first, at the operation any names."""
    text = " ".join(f"{errors[0].header}: {errors[0].detail or ''}".split())
    named = (_OPERATION.search(error.header) for error in errors)
    operation = next((match for match in named if match), None)
    return PipelineError(
        f"the generator would leave something out: {_hidden(text)[:500]}",
        where=_EFFECTIVE,
        pointer=pointer("paths", operation[2], operation[1].lower()) if operation else "",
        remedy=_REMEDY,
    )


def _hidden(text: str) -> str:
    """A message of the generator without the data that it repeats."""
    return _DATA.sub(r"\1…", _HIDDEN.sub("…", text))
