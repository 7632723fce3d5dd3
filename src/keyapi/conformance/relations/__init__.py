"""The relations between specification, client and server, each as one function.

A relation looks at one operation and yields what does not hold. Tests run them on what is
committed, the mutants on what a fault was planted in. `relation` registers one; the relation
"recording" is in `keyapi.conformance.recordings`.
"""

from keyapi.conformance.recordings import check_recording
from keyapi.conformance.registry import REGISTRY, Finding, Registry, Relation, relation
from keyapi.conformance.relations._credits import credits_counted
from keyapi.conformance.relations._parsing import parsed, spec_to_client
from keyapi.conformance.relations._sending import client_to_spec, sent_as_asked
from keyapi.conformance.relations._server import server_to_spec
from keyapi.conformance.relations._shared import pairs, success_answer
from keyapi.conformance.relations._soundness import spec_is_sound
from keyapi.conformance.relations._walks import walks

__all__ = [
    "REGISTRY",
    "RELATIONS",
    "Finding",
    "Registry",
    "Relation",
    "check_recording",
    "client_to_spec",
    "credits_counted",
    "pairs",
    "parsed",
    "relation",
    "sent_as_asked",
    "server_to_spec",
    "spec_is_sound",
    "spec_to_client",
    "success_answer",
    "walks",
]

RELATIONS = tuple(REGISTRY.titles)
"""Titles of the registered relations, in the order in which tables list them."""
