"""What new sandboxes answer; run as a program, it reads the requests and writes the answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from keyapi._client import SyncClient
from keyapi.sandbox import Sandbox, SandboxRequest


def answers(
    document: Mapping[str, Any], key: str, seeds: Sequence[int], asked: Sequence[Mapping[str, Any]]
) -> list[list[str]]:
    """The bodies that a new sandbox of each seed answers, in the order of the requests.

    Args:
        document: The specification that it serves.
        key: The API key that it accepts.
        seeds: The seeds.
        asked: Requests, with their bodies as text.
    """
    requests = [SandboxRequest(**{**each, "body": each["body"].encode()}) for each in asked]
    sandboxes = [Sandbox(SyncClient, key=key, seed=seed, spec=document) for seed in seeds]
    return [
        [sandbox.respond(request).body.decode() for request in requests] for sandbox in sandboxes
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answers(*json.load(sys.stdin))))
