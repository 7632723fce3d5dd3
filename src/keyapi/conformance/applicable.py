"""Which of Schemathesis's checks can hold for an answer.

They know a request by its schema alone. What a list reads as once it is sent, which values no
server takes, and what a page leaves undocumented follows from the facts of an operation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    status_code_conformance,
)

from keyapi.conformance.cases import fits
from keyapi.conformance.fuzz import body_of, positive, typed_values
from keyapi.specification import Argument, OperationSpec

Check = Callable[..., Any]
"""A check of Schemathesis."""
_REFUSALS = (400, 401)


def left_out(operation: OperationSpec, case: Any, answer: httpx.Response) -> list[Check]:
    """Which of Schemathesis's checks cannot hold for an answer to a case.

    `ignored_auth` sends traffic of its own past every transport; a case of `cases` does its work.
    `positive_data_acceptance` does not know what a schema allows and no server takes; see
    `made_up`. `negative_data_rejection` does not know what a list reads as: a number sent for one
    is a list of one text. `status_code_conformance` cannot hold where a page documents no such
    refusal.

    Args:
        operation: The operation of the case.
        case: The case.
        answer: The answer, with its request.
    """
    found: list[Check] = [ignored_auth]
    body, values = body_of(operation, case), typed_values(operation, case)
    named = {**(body if isinstance(body, dict) else {}), **values}
    if any(made_up(operation, name, value) for name, value in named.items()):
        found.append(positive_data_acceptance)
    wrong = not positive(case) and _takes_lists(operation)
    if wrong and _reads_as_good(operation, case, values, answer.request):
        found.append(negative_data_rejection)
    if answer.status_code in _REFUSALS and operation.documented(answer.status_code) is None:
        found.append(status_code_conformance)
    return found


def _takes_lists(operation: OperationSpec) -> bool:
    arguments = operation.arguments.values()
    return any(one.place == "query" and one.schema.get("type") == "array" for one in arguments)


def _reads_as_good(
    operation: OperationSpec, case: Any, values: Mapping[str, Any], request: httpx.Request
) -> bool:
    """Whether all that is wrong with a case is in its query, and gone as it was sent.

    That is a wrong value for a list, which reads as a list of text, or for an optional argument
    where nothing of the value is sent, such as an empty object.
    """
    others = set(ParameterLocation) - {ParameterLocation.QUERY, ParameterLocation.UNKNOWN}
    if any(map(case.meta.is_negative_at, others)):
        return False
    values = json.loads(json.dumps(values))  # Schemathesis marks texts by classes of its own
    sent = operation.read_arguments(request.url.query.decode())
    for argument in operation.arguments.values():
        name = argument.name
        if argument.place != "query":
            continue
        if name not in sent:
            gone = not argument.required
        elif name in values and fits(operation, argument, values[name]):
            gone = True
        else:
            listed = argument.schema.get("type") == "array"
            gone = listed and fits(operation, argument, sent[name])
        if not gone:
            return False
    return True


def never_checked(operation: OperationSpec) -> tuple[str, ...]:
    """The names of the checks to leave out where no single case is looked at, as for `st run`.

    Args:
        operation: The operation.
    """
    refusals = [400] * bool(operation.arguments) + [401] * operation.secured
    holds_not = {
        positive_data_acceptance: any(
            _takes_made_up(operation, argument) for argument in operation.arguments.values()
        ),
        negative_data_rejection: _takes_lists(operation),
        status_code_conformance: any(operation.documented(code) is None for code in refusals),
    }
    return tuple(check.__name__ for check, left in holds_not.items() if left)


def made_up(operation: OperationSpec, name: str, value: Any) -> bool:
    """Whether a value is one that a schema may allow and no server takes.

    Those are a cursor as text that no server gave, integers of more than 64 bits, empty text and
    lists, and lists that read as others: with a comma in a text, commas join more of them.

    Args:
        operation: The operation.
        name: The argument's name in the request.
        value: The value.
    """
    argument = operation.arguments.get(name)
    if argument is None or value is None:
        return False
    if isinstance(value, str) and _is_cursor(operation, argument):
        return bool(operation.paging and value != operation.paging.start)
    if value in ("", []):
        return argument.place != "body"
    if isinstance(value, list) and argument.delimiter:
        read = argument.read([argument.delimiter.join(map(str, value))])
        return "" in read or not fits(operation, argument, read)
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def _takes_made_up(operation: OperationSpec, argument: Argument) -> bool:
    """Whether the schema of an argument allows what is made up."""
    schema = argument.schema
    if schema.get("type") == "integer" and not {"enum", "minimum", "maximum"} & schema.keys():
        return argument.name in (*operation.echoes, *operation.filters)
    if argument.place == "body" and not _is_cursor(operation, argument):
        return False
    text = schema.get("type") == "string" and "enum" not in schema and "minLength" not in schema
    return bool(argument.delimiter) or text


def _is_cursor(operation: OperationSpec, argument: Argument) -> bool:
    paging = operation.paging
    return paging is not None and (paging.kind, paging.position) == ("cursor", argument.name)
