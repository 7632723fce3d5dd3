"""The contract suite's options and its report are the engine's; see `keyapi.conformance.plugin`."""

from __future__ import annotations

from keyapi.conformance.plugin import (  # noqa: F401 - pytest finds hooks and fixtures by name
    note,
    pytest_addoption,
    pytest_configure,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    tally,
)
