"""Server -> spec: a seed gives the same data in another process, on a machine set up otherwise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from keyapi.conformance.cases import cases, good
from keyapi.conformance.drivers import KEY, wire
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._sandbox import answers as program
from keyapi.conformance.relations._sandbox.answers import answers
from keyapi.conformance.relations._shared import violation
from keyapi.specification import Specification

_SEEDS = (0, -7)
_MACHINE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONUTF8": "0"}
_AROUND = 40
"""Characters that a finding shows before and after the first that differs."""


@relation("server -> spec", short="s>s", position=3)
def seeded_everywhere(specification: Specification) -> Iterator[Finding]:
    """The same seed and requests give the same answers, to the byte, in another process.

    Texts have other hashes there, and time zone, locale and working directory are others.

    Args:
        specification: What the sandboxes serve.
    """
    asked = [
        (operation, wire(operation, case.arguments))
        for operation in specification
        for case in cases(operation)
        if good(case)
    ]
    requests = [{**vars(request), "body": request.body.decode()} for _, request in asked]
    told = (specification.document, KEY, _SEEDS, requests)
    for seed, here, there in zip(_SEEDS, answers(*told), _elsewhere(told), strict=True):
        for (operation, request), expected, found in zip(asked, here, there, strict=True):
            if expected != found:
                pairs = enumerate(zip(expected, found, strict=False))
                start = next((n for n, (a, b) in pairs if a != b), min(len(expected), len(found)))
                part = slice(max(0, start - _AROUND), start + _AROUND)
                rule = f"seed {seed}, in another process"
                broken = violation(operation, rule, f"…{expected[part]}", f"…{found[part]}")
                yield Finding("server -> spec", f"{request.path}?{request.query}", broken)


def _elsewhere(told: tuple[Any, ...]) -> list[list[str]]:
    own = os.environ.get("PYTHONHASHSEED")
    done = subprocess.run(
        [sys.executable, "-P", program.__file__],
        input=json.dumps(told),
        text=True,
        cwd=os.path.sep,
        env={
            **os.environ,
            **_MACHINE,
            "PYTHONHASHSEED": "2" if own == "1" else "1",
            "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path),
        },
        stdout=subprocess.PIPE,
        check=True,
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found
