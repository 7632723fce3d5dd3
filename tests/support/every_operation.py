"""Run the relations over every operation of the client that `keyapi_tiktok` is, and print JSON.

    python -m support.every_operation PROGRAM SPOILT      with that client first on PYTHONPATH

Processor time by relation in seconds, how many operations there are, and what does not hold.
PROGRAM is where a program goes that calls every method, for a type checker; SPOILT, how many
answers with a fault each method is given.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

from keyapi._clients import find
from keyapi.conformance.cases import cases, documented_arguments, good
from keyapi.conformance.drivers import KEY, Caller, http_server, sandbox_server
from keyapi.conformance.judge import ServerAnswer
from keyapi.conformance.relations import (
    Finding,
    client_to_spec,
    server_to_spec,
    spec_is_sound,
    spec_to_client,
    success_answer,
)
from keyapi.contract import Contract
from keyapi.sandbox import FAULTS, Reply, Sandbox
from keyapi.sandbox.faults import Exchange
from keyapi.specification import OperationSpec, Specification


class _Run:
    """What is looked at.

    Args:
        spec: The specification that all are held to.
        spoilt: How many answers with a fault each method is given.
    """

    def __init__(self, spec: Specification, spoilt: int) -> None:
        self.spoilt = spoilt
        self.client = find("tiktok")
        self.spec = spec
        self.contract = Contract(spec.document)
        self.serve = sandbox_server(client=self.client)
        self.caller = Caller(self.client)
        self.base_url = spec.document["servers"][0]["url"]

    def over_http(self) -> Iterator[Finding]:
        """Ask each operation once, over a real port."""
        with Sandbox(self.client, key=KEY).serve() as url, http_server(url) as serve:
            for operation in self.spec:
                asked = [next(iter(cases(operation)))]
                yield from server_to_spec(self.contract, operation, serve, asked)

    def server(self) -> Iterator[Finding]:
        """Ask each operation every case, in this process."""
        for operation in self.spec:
            yield from server_to_spec(self.contract, operation, self.serve)

    def sent(self) -> Iterator[Finding]:
        """Call each method with every case."""
        for operation in self.spec:
            yield from client_to_spec(operation, self.caller, self.base_url)

    def parsed(self) -> Iterator[Finding]:
        """Let each method read good and spoilt answers."""
        for operation in self.spec:
            bodies = self.bodies(operation)
            yield from spec_to_client(self.contract, operation, self.caller, bodies)

    def bodies(self, operation: OperationSpec) -> Iterator[bytes]:
        """The documented answer, what the sandbox answers, and that spoilt in one place each."""
        yield success_answer(operation).content
        case = next(case for case in cases(operation) if good(case))
        answer = self.serve(operation, case).answer
        yield answer.content
        reply = Reply(answer.status, answer.content, answer.headers)
        exchange = Exchange(self.spec, operation, case.arguments, reply)
        spoilt = (
            mutant.reply.body
            for fault in FAULTS.values()
            for mutant in islice(fault.mutants(exchange), 1)
            if mutant.reply.status == answer.status and not _is_refusal(mutant.reply.body)
        )
        yield from islice(spoilt, self.spoilt)

    def program(self) -> str:
        """A program that calls every method with the documented arguments."""
        calls = []
        for operation in self.spec:
            method = self.caller.methods[operation.name, False]
            given = self.caller.arguments(operation.name, documented_arguments(operation))
            arguments = ", ".join(f"{name}={_code(value)}" for name, value in given.items())
            calls.append(f"print(tiktok.{method.resource}.{method.name}({arguments}))\n")
        opened = "with models.TikTok() as tiktok:\n"
        return f"import keyapi_tiktok as models\n\n{opened}{''.join(f'    {c}' for c in calls)}"


def main() -> None:
    """Run all, and print JSON."""
    logging.disable()  # of what clients find in spoilt answers
    run = _Run(Specification.of_package("keyapi_tiktok"), int(sys.argv[2]))
    Path(sys.argv[1]).write_text(run.program(), "utf-8")
    seconds: dict[str, float] = {}
    failed: list[str] = []
    for name, relation in (
        ("spec - page", lambda: spec_is_sound(run.spec)),
        ("served on a port", run.over_http),
        ("server -> spec", run.server),
        ("client -> spec", run.sent),
        ("spec -> client", run.parsed),
    ):
        started = process_time()
        failed += map(str, relation())
        seconds[name] = process_time() - started
    operations = len(run.spec.operations)
    print(json.dumps({"operations": operations, "seconds": seconds, "failed": failed}))


def _is_refusal(body: bytes) -> bool:
    """Whether an answer is a good one, to say that something is wrong."""
    code = ServerAnswer(200, {}, body).envelope.get("code")
    return type(code) is int and code != 0


def _code(value: Any) -> str:
    """A value as source code has it."""
    if isinstance(value, Enum):
        return f"models.{type(value).__name__}.{value.name}"
    return repr(value)


if __name__ == "__main__":
    main()
