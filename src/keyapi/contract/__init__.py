"""What a specification promises of its answers, and where an answer breaks the promise.

One place judges answers: the client with `contract="warn"` or `"raise"`, in production, and the
contract suite, in tests. The raw body is judged, not what a lenient decoder makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from keyapi._json import pointer
from keyapi.contract._response_schema import ResponseSchema
from keyapi.contract._schemas import json_schema
from keyapi.contract._semantics import broken_semantics, json_texts
from keyapi.contract._violation import SHOWN, Violation, short
from keyapi.specification import OperationSpec, Specification

if TYPE_CHECKING:
    import httpx

__all__ = ["Contract", "Violation", "json_schema"]

# Contracts by package, each as long as the package is loaded: to read one takes far longer than a
# call, and what was compiled for one client serves the next.
_of_packages: WeakKeyDictionary[ModuleType, Contract] = WeakKeyDictionary()
_reading = Lock()


class Contract:
    """The answers that an effective specification promises.

    Args:
        spec: The specification, OpenAPI 3.0, with an `operationId` on each operation.
    """

    def __init__(self, spec: Mapping[str, Any] | Specification) -> None:
        self._spec = spec if isinstance(spec, Specification) else Specification(spec)
        self._document = self._spec.document
        self._promises: dict[tuple[str, str], ResponseSchema | None] = {}
        self._json_texts: dict[str, ResponseSchema] = {}

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
        """Give what tells quickly whether a success is just as promised, without additions.

        Args:
            operation: Name of the operation.
            status: HTTP status of the success.

        Returns:
            A function of the decoded answer; None where no success is promised under this status.
        """
        promise = self._promise(operation, status, None)
        return None if promise is None else promise.fits

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
        """Find every place where an answer breaks the promise, and additions to it.

        Args:
            operation: Name of the operation.
            status: HTTP status.
            content: Body as received.
            headers: Headers, by lower-case name; where given, the content type is judged, too.
            arguments: What was asked, by name in the request; where given, it is judged whether
                the rows are those that were asked for.
            before: Body of the page before, which the rows must not repeat.

        Returns:
            The violations, in the order of the body; those a reader of the bytes sees come first.
        """
        found: list[Violation] = []

        def violation(rule: str, expected: str, value: Any, path: Any = ()) -> None:
            found.append(
                Violation(operation, pointer(*path, root=""), rule, expected, short(value))
            )

        known = self._spec.operations[operation]
        if headers is not None:
            given = headers.get("content-type", "")
            if given.partition(";")[0].strip().lower() not in known.media_types(str(status)):
                violation("content-type", "application/json", given or "nothing")
        try:
            body = _decoded(content, violation)
        except (ValueError, RecursionError):
            violation("json", "JSON", content[:SHOWN].decode("utf-8", "replace"))
            return found
        promise = self._promise(operation, status, body)
        if promise is None:
            violation("status", f"one of {', '.join(known.statuses)}", str(status))
            return found
        found += promise.violations(operation, body)
        if _is_success(status, body):
            found += self._broken_json_texts(known, body)
            for broken in broken_semantics(known, body, arguments or {}, _page(before)):
                violation(broken.rule, broken.expected, broken.found, broken.path)
        return found

    def arguments(self, operation: str, request: httpx.Request) -> dict[str, Any]:
        """Give what a request asks of an operation, by name in the request."""
        query = request.url.query.decode("ascii")
        return self._spec.operations[operation].given(query, request.content)

    def _promise(self, operation: str, status: int, body: Any) -> ResponseSchema | None:
        """What is promised of an answer; of an error under HTTP 200, that it is a known error."""
        known = self._spec.operations[operation]
        promised = str(status)
        if 200 <= status < 300 and not _is_success(status, body):
            errors = [one for one in known.statuses if not one.startswith("2")]
            code = str(body["code"])
            promised = code if code in errors else next(iter(errors), promised)
        key = operation, promised
        if key not in self._promises:
            schema = known.schema(promised)
            self._promises[key] = (
                None if schema is None else ResponseSchema(self._document, dict(schema))
            )
        return self._promises[key]

    def _broken_json_texts(self, operation: OperationSpec, body: Any) -> Iterator[Violation]:
        """Where JSON inside a string is none, or not what is documented to be in it."""
        schema = operation.schema(operation.success) or {}
        for path, text, documented in json_texts(self._spec, body, schema):
            try:
                inner = json.loads(text)
            except (ValueError, RecursionError):
                place = pointer(*path, root="")
                yield Violation(operation.name, place, "json-text", "JSON in the text", short(text))
                continue
            if documented.decoded is not None:
                key = json.dumps(documented.decoded, sort_keys=True)
                if key not in self._json_texts:
                    self._json_texts[key] = ResponseSchema(self._document, dict(documented.decoded))
                yield from self._json_texts[key].violations(operation.name, inner, path)


def _is_success(status: int, body: Any) -> bool:
    """Whether an answer is a success, as far as its status and code tell."""
    code = body.get("code") if isinstance(body, dict) else None
    return 200 <= status < 300 and not (type(code) is int and code != 0)


def _page(content: bytes | None) -> Any:
    try:
        return None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None


def _decoded(content: bytes, violation: Callable[[str, str, Any], None]) -> Any:
    """Decode a body as its bytes are: a lenient decoder keeps the last of two equal keys."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            violation("duplicate-key", "each property once", f"{twice!r} twice")
        return row

    def integer(text: str) -> int:
        number = int(text)
        if not -(2**63) <= number < 2**63:
            violation("huge-integer", "an integer of 64 bits", number)
        return number

    return json.loads(
        content, object_pairs_hook=unique, parse_int=integer, parse_constant=_refuse_constant
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
