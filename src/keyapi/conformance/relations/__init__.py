"""The relations between specification, client and server, each as one function.

A relation looks at one operation and yields what does not hold. Tests run them on what is
committed, the mutants on what a fault was planted in. `relation` registers one; what judges a
recording is in `keyapi.conformance.recordings`.

Each subject has a package of its own, whose docstring says which promise it looks at. Where it has
one relation, that is in its module `relation`, and the other modules hold what it looks at.
"""

from keyapi.conformance.recordings import check_recording
from keyapi.conformance.registry import REGISTRY, Finding, Registry, Relation, relation
from keyapi.conformance.relations._answers.bytes import byte_samples, bytes_as_received
from keyapi.conformance.relations._answers.parsing import parsed, spec_to_client
from keyapi.conformance.relations._answers.refusals import refusals, refusals_as_documented
from keyapi.conformance.relations._contract.relation import contract_as_documented
from keyapi.conformance.relations._credits.relation import credits_counted
from keyapi.conformance.relations._names.relation import names_as_documented
from keyapi.conformance.relations._network.relation import network_as_documented
from keyapi.conformance.relations._pages.relation import pages_as_documented
from keyapi.conformance.relations._pages.sharing import shared_as_documented
from keyapi.conformance.relations._pages.walks import walks
from keyapi.conformance.relations._recordings.files import files_as_documented
from keyapi.conformance.relations._recordings.fixtures import fixtures_as_documented
from keyapi.conformance.relations._recordings.relation import recorded_as_documented
from keyapi.conformance.relations._recordings.testing import replay_as_documented
from keyapi.conformance.relations._redis.relation import budget_shared_through_redis
from keyapi.conformance.relations._sandbox.elsewhere import seeded_everywhere
from keyapi.conformance.relations._sandbox.relation import sandbox_as_documented
from keyapi.conformance.relations._sending.arguments import arguments_checked
from keyapi.conformance.relations._sending.low_level import low_level_as_documented
from keyapi.conformance.relations._sending.methods import client_to_spec
from keyapi.conformance.relations._sending.options import options_as_documented
from keyapi.conformance.relations._sending.texts import texts_as_given
from keyapi.conformance.relations._server import server_to_spec
from keyapi.conformance.relations._shapes.relation import shapes_as_served
from keyapi.conformance.relations._shared import success_answer
from keyapi.conformance.relations._soundness import spec_is_sound

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
    "parsed",
    "recorded_as_documented",
    "refusals",
    "refusals_as_documented",
    "relation",
    "replay_as_documented",
    "sandbox_as_documented",
    "seeded_everywhere",
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
