"""Any sequence of what users do, compared with a model of the client at each step."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from support.stateful.machine import SETTINGS, AsyncMachine, Machine, SyncMachine


@pytest.mark.once
@pytest.mark.parametrize("machine", [SyncMachine, AsyncMachine], ids=["sync", "async"])
def test_any_sequence_of_calls_comes_to_what_the_model_says(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=SETTINGS)
