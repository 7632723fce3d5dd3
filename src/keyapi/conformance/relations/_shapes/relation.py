"""Server -> spec: what a sandbox serves of the judge's own API, whose facts no page has."""

from __future__ import annotations

from collections.abc import Iterator

from keyapi._client import SyncClient
from keyapi.conformance.registry import Finding, relation
from keyapi.conformance.relations._sandbox.port import port
from keyapi.conformance.relations._sandbox.settings import settings
from keyapi.conformance.relations._sandbox.together import together
from keyapi.conformance.relations._shapes.faults import faults
from keyapi.conformance.relations._shapes.pages import pages
from keyapi.conformance.relations._shapes.requests import requests
from keyapi.conformance.relations._shapes.values import golden, values
from keyapi.conformance.shapes import shapes
from keyapi.contract import Violation


@relation("server -> spec", short="s>s", position=3)
def shapes_as_served(client: type[SyncClient]) -> Iterator[Finding]:
    """A sandbox reads requests, makes up values and leads on to pages as a specification asks.

    Args:
        client: A client class, which the sandbox is made for.
    """
    specification = shapes()
    for look in (values, golden, requests, pages, faults, settings, together, port):
        for rule, expected, found in look(specification, client):
            if expected != found:
                broken = Violation("shapes", "", rule, str(expected)[:200], str(found)[:200])
                yield Finding("server -> spec", f"sandbox: {look.__name__}", broken)
