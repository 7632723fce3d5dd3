"""Walks: whole lists through the client, whatever sort, filter, page size, limit or trouble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from keyapi.conformance.drivers import Caller, Inexpressible
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._shared import violation
from keyapi.conformance.walking import (  # noqa: F401 - they register rules
    client_rules,
    list_rules,
    server_rules,
)
from keyapi.conformance.walking.plan import Planner
from keyapi.conformance.walking.rules import RULES, TITLE, Made, Rule, judged
from keyapi.conformance.walking.walker import Walker, WalkServer
from keyapi.contract import Contract
from keyapi.specification import OperationSpec


@relation(TITLE, short="wlk", position=7)
def walks(
    contract: Contract,
    operation: OperationSpec,
    caller: Caller,
    server: WalkServer,
    *,
    rules: Mapping[str, Rule] = RULES,
    most: int | None = None,
    made: Made | None = None,
) -> Iterator[Finding]:
    """Whole walks through a client have the same rows, in order, once each.

    Each finding says whether the client or the server is to blame: rows that were served and not
    handed out are the client's matter, rows that were not served the server's.

    Args:
        contract: What is promised.
        operation: The operation, as the one who judges knows it.
        caller: The client.
        server: The server.
        rules: The rules to judge by, by name.
        most: How many walks to make, the most telling first; None for all.
        made: Takes the walks, for whoever wants to see them.
    """
    if operation.paging is None:
        return
    for walking in (False, True):
        if (operation.name, walking) not in caller.methods:
            yield Finding(TITLE, "", violation(operation, "method", operation.name, "none"))
            return
    made = made or Made(operation, contract)
    before = server.charged() if server.charged else 0
    walker = Walker(operation, caller, server)
    for plan in islice(Planner(operation, made.walks).plans(), most):
        try:
            walk = walker.walk(plan)
        except Inexpressible as reason:
            yield Finding(TITLE, str(plan), violation(operation, "inexpressible", plan, reason))
            continue
        made.walks.append(walk)
        yield from judged(rules, made, walk)
    if operation.secured and made.walks:
        made.refused = walker.refused(made.walks[0].plan)
    if server.charged:
        made.charged = server.charged() - before
    yield from judged(rules, made)
