"""The contract suite's options and its report are the engine's; see `keyapi.conformance.plugin`."""

from __future__ import annotations

from contract.committed import SPECIFICATION
from keyapi.conformance.plugin import (  # noqa: F401 - pytest finds hooks and fixtures by name
    note,
    pytest_addhooks,
    pytest_addoption,
    pytest_configure,
    pytest_exception_interact,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    tally,
)
from keyapi.specification import Specification


def pytest_contract_specification() -> Specification:
    """Each relation must look at each operation of what is committed."""
    return SPECIFICATION
