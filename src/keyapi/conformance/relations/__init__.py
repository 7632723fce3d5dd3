"""The relations between specification, client and server, each as one function.

A relation looks at one operation and yields what does not hold. Tests run them on what is
committed, the mutants on what a fault was planted in. `relation` registers one; the relation
"recording" is in `keyapi.conformance.recordings`.
"""

from keyapi.conformance.recordings import check_recording
from keyapi.conformance.registry import REGISTRY, Finding, Registry, Relation, relation
from keyapi.conformance.relations._arguments import arguments_checked
from keyapi.conformance.relations._bytes import byte_samples, bytes_as_received
from keyapi.conformance.relations._contract import contract_as_documented
from keyapi.conformance.relations._credits import credits_counted
from keyapi.conformance.relations._low_level import low_level_as_documented
from keyapi.conformance.relations._names import names_as_documented
from keyapi.conformance.relations._network import network_as_documented
from keyapi.conformance.relations._options import options_as_documented
from keyapi.conformance.relations._pages import pages_as_documented
from keyapi.conformance.relations._parsing import parsed, spec_to_client
from keyapi.conformance.relations._recorded_files import files_as_documented
from keyapi.conformance.relations._recording import recorded_as_documented
from keyapi.conformance.relations._redis import budget_shared_through_redis
from keyapi.conformance.relations._refusals import refusals, refusals_as_documented
from keyapi.conformance.relations._sandbox import sandbox_as_documented
from keyapi.conformance.relations._sandbox_elsewhere import seeded_everywhere
from keyapi.conformance.relations._sending import client_to_spec, sent_as_asked
from keyapi.conformance.relations._server import server_to_spec
from keyapi.conformance.relations._shapes import shapes_as_served
from keyapi.conformance.relations._shared import pairs, success_answer
from keyapi.conformance.relations._sharing import shared_as_documented
from keyapi.conformance.relations._soundness import spec_is_sound
from keyapi.conformance.relations._testing import replay_as_documented
from keyapi.conformance.relations._testing_fixtures import fixtures_as_documented
from keyapi.conformance.relations._texts import texts_as_given
from keyapi.conformance.relations._walks import walks

__all__ = [
    "REGISTRY",
    "RELATIONS",
    "Finding",
    "Registry",
    "Relation",
    "arguments_checked",
    "budget_shared_through_redis",
    "byte_samples",
    "bytes_as_received",
    "check_recording",
    "client_to_spec",
    "contract_as_documented",
    "credits_counted",
    "files_as_documented",
    "fixtures_as_documented",
    "low_level_as_documented",
    "names_as_documented",
    "network_as_documented",
    "options_as_documented",
    "pages_as_documented",
    "pairs",
    "parsed",
    "recorded_as_documented",
    "refusals",
    "refusals_as_documented",
    "relation",
    "replay_as_documented",
    "sandbox_as_documented",
    "seeded_everywhere",
    "sent_as_asked",
    "server_to_spec",
    "shapes_as_served",
    "shared_as_documented",
    "spec_is_sound",
    "spec_to_client",
    "success_answer",
    "texts_as_given",
    "walks",
]

RELATIONS = tuple(REGISTRY.titles)
"""Titles of the registered relations, in the order in which tables list them."""
