"""Any sequence of what users do, compared with a model of the client at each step."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test

from support.stateful.machine import SETTINGS, AsyncMachine, Machine, SyncMachine


@pytest.mark.once
@pytest.mark.no_cover
@pytest.mark.parametrize(
    "machine",
    [
        pytest.param(SyncMachine, id="sync"),
        # Beside all other tests it once counted another number of attempts; alone it never did.
        pytest.param(AsyncMachine, id="async", marks=pytest.mark.slow),
    ],
)
def test_any_sequence_of_calls_comes_to_what_the_model_says(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=SETTINGS)
