"""What a specification says of responses, and where a response breaks it.

One place checks responses: for the client with `contract="warn"` or `"raise"`, in production, and
for the contract suite, in tests. It checks the raw body, not what a lenient decoder makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from keyapi._extras import extra
from keyapi._isolation import Lock
from keyapi._json import DEEPEST, is_deeper
from keyapi._openapi import NO_CONTENT, is_success, media_type

with extra("contract", "keyapi.contract"):
    from keyapi.contract._response_schema import ResponseSchema
from keyapi.contract._found import Found
from keyapi.contract._schemas import json_schema
from keyapi.contract._semantics import broken_semantics, json_texts, tells_apart
from keyapi.contract._violation import SHOWN, Violation, place, short
from keyapi.specification import OperationSpec, Specification

if TYPE_CHECKING:
    import httpx

__all__ = ["Contract", "Violation", "json_schema", "tells_apart"]

# One contract per package, for as long as the package is loaded: reading one takes far longer than
# a call, and the schemas compiled for one client serve the next.
_of_packages: WeakKeyDictionary[ModuleType, Contract] = WeakKeyDictionary()
_reading = Lock()


class Contract:
    """What an effective specification says of the responses to its operations.

    Threads may share it: what it compiles at first use is only ever replaced by its equal.

    Args:
        spec: The specification, OpenAPI 3.0, with an `operationId` on each operation.
    """

    def __init__(self, spec: Mapping[str, Any] | Specification) -> None:
        self._spec = spec if isinstance(spec, Specification) else Specification(spec)
        self._document = self._spec.document
        self._response_schemas: dict[tuple[str, str], ResponseSchema | None] = {}
        self._json_texts: dict[int, ResponseSchema] = {}

    @classmethod
    def of_package(cls, package: str) -> Contract:
        """Give the contract of a generated package; all clients of a package share one.

        Args:
            package: Name of the package, which holds `openapi.json`.
        """
        module = import_module(package)
        with _reading:
            contract = _of_packages.get(module)
            if contract is None:
                contract = _of_packages[module] = cls(Specification.of_package(package))
        return contract

    def checker(self, operation: str, status: int) -> Callable[[Any], bool] | None:
        """Give a quick check of successes: whether one fits its schema and adds nothing to it.

        Args:
            operation: Name of the operation.
            status: HTTP status of the success.

        Returns:
            A function of the decoded response; None where the status documents no success.
        """
        schema = self._response_schema(operation, status, None)
        return None if schema is None else schema.fits

    def violations(
        self,
        operation: str,
        status: int,
        content: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        arguments: Mapping[str, Any] | None = None,
        before: bytes | None = None,
    ) -> list[Violation]:
        """Find each place where a response breaks the specification, or adds to it.

        Args:
            operation: Name of the operation.
            status: HTTP status.
            content: Body as received.
            headers: Headers, by lower-case name; if given, the content type is checked, too.
            arguments: The request's arguments, by name in the request; if given, the rows are
                checked against them: their number, order, filters, echoes and ids.
            before: Body of the page before, whose rows must not be repeated.

        Returns:
            The violations, in the order of the body; those visible only in the bytes come first.
            Of one kind, 10 places are listed and the others counted, and the search ends with
            1,000: a page may be broken in each of its rows.
        """
        found = Found()

        def violation(rule: str, expected: str, value: Any, path: Any = ()) -> None:
            found.add(Violation(operation, place(path), rule, short(expected), short(value)))

        spec = self._spec.operations[operation]
        documented = spec.documented(status)
        if not content and status in NO_CONTENT and documented == str(status):
            return found.listed()
        untold = documented is not None and spec.schema(documented) is None
        if headers is not None and (not untold or spec.has_body(str(status))):
            sent = headers.get("content-type", "")
            kinds = spec.media_types(str(status))
            if media_type(sent) not in kinds:
                violation("content-type", " or ".join(kinds), sent or "nothing")
        if untold:
            return found.listed()  # the page says nothing of the body
        try:
            body = _decoded(content, violation)
        except (ValueError, RecursionError):
            begun = content[: 4 * (SHOWN + 1)]  # a character takes 4 bytes at most
            violation("json", "JSON", begun.decode("utf-8", "replace"))
            return found.listed()
        schema = self._response_schema(operation, status, body)
        if schema is None and documented is None:
            violation("status", f"one of {', '.join(spec.statuses)}", str(status))
            return found.listed()
        if schema is not None:
            found.extend(schema.violations(operation, body, rows=spec.items or ()))
        if _is_success(status, body):
            if not found.full:
                found.extend(self._broken_json_texts(spec, body))
            for broken in broken_semantics(spec, body, arguments or {}, _page(before)):
                violation(broken.rule, broken.expected, broken.found, broken.path)
        return found.listed()

    def arguments(self, operation: str, request: httpx.Request) -> dict[str, Any]:
        """Read the arguments of a request to an operation, by name in the request."""
        query = request.url.query.decode("ascii")
        return self._spec.operations[operation].read_arguments(query, request.content)

    def _response_schema(self, operation: str, status: int, body: Any) -> ResponseSchema | None:
        """The schema of a response; that of a documented error, for an error under HTTP 200."""
        spec = self._spec.operations[operation]
        documented = spec.documented(status)
        if 200 <= status < 300 and not _is_success(status, body):
            errors = [error for error in spec.statuses if not is_success(error)]
            code = spec.documented(body["code"])
            documented = code if code in errors else next(iter(errors), documented)
        if documented is None:
            return None
        key = operation, documented
        if key not in self._response_schemas:
            schema = spec.schema(documented)
            self._response_schemas[key] = (
                None if schema is None else ResponseSchema(self._document, dict(schema))
            )
        return self._response_schemas[key]

    def _broken_json_texts(self, operation: OperationSpec, body: Any) -> Iterator[Violation]:
        """Where the JSON inside a string is not valid, or does not fit its documented schema."""
        schema = operation.schema(operation.success) or {}
        for path, text, documented in json_texts(self._spec, body, schema):
            inner: Any = None
            try:
                inner = json.loads(text)
                readable = not is_deeper(inner, DEEPEST)
            except (ValueError, RecursionError):
                readable = False
            if not readable:
                where = place(path)
                yield Violation(operation.name, where, "json-text", "JSON in the text", short(text))
                continue
            if documented.decoded is not None:
                key = id(documented.decoded)  # a part of the document, which is kept
                if key not in self._json_texts:
                    self._json_texts[key] = ResponseSchema(self._document, dict(documented.decoded))
                yield from self._json_texts[key].violations(operation.name, inner, path)


def _is_success(status: int, body: Any) -> bool:
    """Whether a response is a success, as far as its status and code tell."""
    code = body.get("code") if isinstance(body, dict) else None
    return 200 <= status < 300 and not (type(code) is int and code != 0)


def _page(content: bytes | None) -> Any:
    try:
        return None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None


def _decoded(content: bytes, violation: Callable[[str, str, Any], None]) -> Any:
    """Decode a body strictly: a lenient decoder would keep the last of two equal keys."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) != len(pairs):
            seen: set[str] = set()
            twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # None, and added
            violation("duplicate-key", "each property once", f"{twice[:SHOWN]!r} twice")
        return row

    def integer(text: str) -> int:
        number = int(text)
        if not -(2**63) <= number < 2**63:
            violation("huge-integer", "an integer of 64 bits", number)
        return number

    return json.loads(  # of bytes it would accept UTF-16 and UTF-32, too
        content.decode("utf-8-sig"),
        object_pairs_hook=unique,
        parse_int=integer,
        parse_constant=_refuse_constant,
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not valid JSON")
