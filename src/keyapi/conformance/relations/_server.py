"""Server -> spec, and meaning: what a server answers is what the specification promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyapi.conformance.cases import Case, cases, is_promised
from keyapi.conformance.drivers import Serve
from keyapi.conformance.judge import judge, relation_of
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import violation
from keyapi.contract import Contract
from keyapi.specification import OperationSpec


@relation("server -> spec", short="s>s", position=3)
@relation("meaning", short="mng", position=6)
def server_to_spec(
    contract: Contract,
    operation: OperationSpec,
    serve: Serve,
    asked: Iterable[Case] | None = None,
    *,
    documented: bool = True,
) -> Iterator[Finding]:
    """What a server answers is what the specification promises.

    Args:
        contract: What is promised.
        operation: The operation, as the one who judges knows it.
        serve: Asks the server.
        asked: The cases; all of the operation's where it is left out.
        documented: Whether refusals must be worded as documented.
    """
    for case in asked if asked is not None else cases(operation):
        if not is_promised(operation, case):
            continue  # the page does not say how it refuses
        served = serve(operation, case)
        found = judge(
            contract, operation, case, served.answer, served.before, documented=documented
        )
        for broken in found:
            yield Finding(relation_of(broken), case.name, broken)
        cost = operation.credits if served.answer.status == operation.success_status else 0
        if not found and served.charged not in (None, cost):
            miscounted = violation(operation, "credits", cost, served.charged)
            yield Finding("server -> spec", case.name, miscounted)
