"""The contract suite's engine: does a server, a client or a recording keep the contract?

It comes with `pip install 'keyapi-tiktok[conformance]'`.

**A server**, from the command line: `keyapi contract --max-credits 30`; or from Python:

    from keyapi.conformance import LiveDrivers, LiveOptions, check
    from keyapi_tiktok import TikTok

    code = check(TikTok, LiveOptions(max_credits=30), LiveDrivers(), print)

**In your own tests**, relation by relation; each yields a `Finding` for what does not hold:

    from keyapi.conformance import Caller, client_to_spec, http_server, server_to_spec

    with http_server("http://127.0.0.1:8000", key) as serve:
        for operation in specification:
            assert not list(server_to_spec(Contract(specification.document), operation, serve))
    assert not list(client_to_spec(operation, Caller(TikTok), "https://api.keyapi.ai"))

`spec_to_client` parses answers, good and bad, with a client; `names_as_documented` and
`low_level_as_documented` look at its names and low-level functions, `options_as_documented` at
what its options do, `texts_as_given`, `bytes_as_received` and `refusals_as_documented` at what is
neither ASCII nor polite, `pages_as_documented` at pages and circles of them,
`shared_as_documented` at what threads and tasks share, `budget_shared_through_redis` at what
processes share, `network_as_documented` at the client's own connections,
`recorded_as_documented` at recorder and replay, `files_as_documented` at recorded files,
`replay_as_documented` and `fixtures_as_documented` at `keyapi.testing`, `sandbox_as_documented` at
a sandbox's options, `seeded_everywhere` at its data in another process, `shapes_as_served` at what
it makes of specifications that have more than the pages.
`check_recording` judges a recording; `spec_is_sound` a specification. `relation` registers one of
your own. `pytest -p keyapi.conformance.plugin` adds the suite's options and report.

**With Schemathesis**: `st run` takes `keyapi.conformance.checks` as its hooks; `Fuzz` makes its
cases for pytest.

**Whether all that bites**: `score` plants faults, one at a time, in the answers of a correct server
and tells who notices: `score(lambda: Mutation([AnswerPlanter()], {"mine": lambda: Baseline(
document, TikTok)}), processes=1)`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from keyapi._errors import ConfigurationError

if TYPE_CHECKING:
    from keyapi.conformance.cases import Case
    from keyapi.conformance.drivers import Caller, http_server, sandbox_server
    from keyapi.conformance.fuzz import Fuzz
    from keyapi.conformance.judge import ServerAnswer
    from keyapi.conformance.live.check import LiveDrivers, LiveOptions, check
    from keyapi.conformance.mutation.answers import AnswerPlanter
    from keyapi.conformance.mutation.baselines import Baseline
    from keyapi.conformance.mutation.runner import Mutation, score
    from keyapi.conformance.relations import (
        RELATIONS,
        Finding,
        budget_shared_through_redis,
        bytes_as_received,
        check_recording,
        client_to_spec,
        files_as_documented,
        fixtures_as_documented,
        low_level_as_documented,
        names_as_documented,
        network_as_documented,
        options_as_documented,
        pages_as_documented,
        recorded_as_documented,
        refusals_as_documented,
        relation,
        replay_as_documented,
        sandbox_as_documented,
        seeded_everywhere,
        server_to_spec,
        shapes_as_served,
        shared_as_documented,
        spec_is_sound,
        spec_to_client,
        texts_as_given,
        walks,
    )

__all__ = [
    "RELATIONS",
    "AnswerPlanter",
    "Baseline",
    "Caller",
    "Case",
    "Finding",
    "Fuzz",
    "LiveDrivers",
    "LiveOptions",
    "Mutation",
    "ServerAnswer",
    "budget_shared_through_redis",
    "bytes_as_received",
    "check",
    "check_recording",
    "client_to_spec",
    "files_as_documented",
    "fixtures_as_documented",
    "http_server",
    "low_level_as_documented",
    "names_as_documented",
    "network_as_documented",
    "options_as_documented",
    "pages_as_documented",
    "recorded_as_documented",
    "refusals_as_documented",
    "relation",
    "replay_as_documented",
    "sandbox_as_documented",
    "sandbox_server",
    "score",
    "seeded_everywhere",
    "server_to_spec",
    "shapes_as_served",
    "shared_as_documented",
    "spec_is_sound",
    "spec_to_client",
    "texts_as_given",
    "walks",
]

_MODULES = {
    "AnswerPlanter": "mutation.answers",
    "Baseline": "mutation.baselines",
    "Caller": "drivers",
    "Case": "cases",
    "Fuzz": "fuzz",
    "LiveDrivers": "live.check",
    "LiveOptions": "live.check",
    "Mutation": "mutation.runner",
    "ServerAnswer": "judge",
    "check": "live.check",
    "http_server": "drivers",
    "sandbox_server": "drivers",
    "score": "mutation.runner",
}
"""Where names are, other than in `relations`; modules are imported when they are asked for."""

_NEEDED = ("hypothesis", "jinja2", "pyrate_limiter", "pytest", "respx", "schemathesis")
"""Not all are imported at once; what is missing would show when credits are spent."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        for needed in _NEEDED:
            if find_spec(needed) is None:
                raise ModuleNotFoundError(needed)
        module = import_module(f"{__name__}.{_MODULES.get(name, 'relations')}")
    except ImportError as error:
        raise ConfigurationError(
            "The contract suite needs more packages: pip install 'keyapi-tiktok[conformance]'"
        ) from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
