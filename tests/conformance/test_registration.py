"""What is written is registered, and what is registered counts."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import keyapi.conformance
from conformance import spec_operators
from keyapi.conformance import relations
from keyapi.conformance.mutation import server_faults, table
from keyapi.conformance.mutation.baselines import Baseline
from keyapi.conformance.mutation.outcomes import MutantOutcome
from keyapi.conformance.mutation.runner import Score
from keyapi.conformance.mutation.serving import ServerPlanter
from keyapi.conformance.registry import REGISTRY, Registry, Relation
from keyapi.sandbox import faults
from keyapi.sandbox.faults import FAULTS, Fault
from support.specs import committed, feed, synthetic


def modules(package: Any) -> Iterator[ModuleType]:
    yield package
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(found.name)


def functions(package: Any, returned: str) -> dict[str, Any]:
    """Public functions that are written in a package, by what they are annotated to return."""
    return {
        name: function
        for module in modules(package)
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.get_annotations(function).get("return") == returned
    }


def test_every_relation_that_is_written_is_registered() -> None:
    written = functions(relations, "Iterator[Finding]")

    registered = {look for relation in REGISTRY.all for look in relation.looks}
    assert [name for name, function in written.items() if function not in registered] == []
    assert {"server_to_spec", "client_to_spec", "spec_to_client", "spec_is_sound"} <= written.keys()


def test_tables_list_the_relations_in_their_order() -> None:
    assert list(relations.RELATIONS) == [
        "spec - page",
        "client -> spec",
        "server -> spec",
        "spec -> client",
        "recording",
        "meaning",
        "walks",
        "credits",
    ]


@pytest.mark.parametrize("change", [{"short": "abc"}, {"title": "a"}, {"position": 1}])
def test_no_two_relations_are_registered_alike(change: dict[str, Any]) -> None:
    registry = Registry()
    registry.add(Relation("a", "abc", 1, (print,)))
    other = Relation("b", "xyz", 2, (print,))._replace(**change)

    with pytest.raises(ValueError, match="registered alike"):
        registry.add(other)


def test_a_relation_has_all_that_look_at_it() -> None:
    registry = Registry()
    registry.add(Relation("a", "abc", 1, (print,)))
    registry.add(Relation("a", "abc", 1, (repr,)))

    assert [relation.looks for relation in registry.all] == [(print, repr)]


def test_every_operator_of_specifications_that_is_written_is_registered() -> None:
    changes = "Iterator[Change]"
    written = {
        name
        for name, function in vars(spec_operators).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and inspect.get_annotations(function).get("return") == changes
    }

    assert {name.replace("_", " ") for name in written} == set(spec_operators.OPERATORS)
    for name in written:  # a function that is not decorated is no operator
        operator = spec_operators.OPERATORS[name.replace("_", " ")]
        assert operator is getattr(spec_operators, name)


def test_every_fault_of_answers_that_is_written_is_registered() -> None:
    written = [
        fault
        for module in modules(faults)
        for fault in vars(module).values()
        if isinstance(fault, Fault)
    ]

    assert {fault.name for fault in written} == set(FAULTS)


def test_every_fault_of_servers_that_is_written_is_registered_and_has_a_place() -> None:
    written = [
        fault
        for module in modules(server_faults)
        for fault in vars(module).values()
        if isinstance(fault, server_faults.ServerFault)
    ]
    planter = ServerPlanter()
    documents = [committed(), synthetic(), feed()]
    baselines = [Baseline(document) for document in documents]

    assert {fault.name for fault in written} == set(server_faults.SERVER_FAULTS)
    placed = {
        name
        for name in planter.operators
        for baseline in baselines
        if any(planter.parts(baseline, [name]))
    }
    assert placed == set(planter.operators)


def test_every_column_that_is_written_is_registered() -> None:
    written = {
        function
        for name, function in vars(table).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and list(inspect.get_annotations(function).values()) == ["Outcomes", "int"]
    }

    assert {column.figure for column in table.COLUMNS} == written


FULL = Score(
    [
        *(
            MutantOutcome("answer", "an operator", "here", "all", {title: "found"})
            for title in relations.RELATIONS
        ),
        MutantOutcome("answer", "an operator", "there", "all", proof="same bytes"),
    ],
    complete=True,
)


def test_a_column_that_a_full_run_leaves_empty_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    meaning = [outcome for outcome in FULL.outcomes if "meaning" not in outcome.caught]

    assert table.empty_columns(FULL) == []
    assert table.empty_columns(replace(FULL, outcomes=FULL.outcomes[:-1])) == ["equiv."]
    assert table.empty_columns(replace(FULL, outcomes=meaning)) == ["mng"]
    assert table.empty_columns(replace(FULL, outcomes=meaning, complete=False)) == []
    table.show(replace(FULL, outcomes=meaning))
    assert "EMPTY COLUMN  mng" in capsys.readouterr().out


def test_every_name_of_the_package_can_be_imported() -> None:
    for name in keyapi.conformance.__all__:
        assert getattr(keyapi.conformance, name) is not None
    assert dir(keyapi.conformance) == sorted(keyapi.conformance.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = keyapi.conformance.nothing


def test_what_is_missing_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(import_module("sys").modules, "keyapi.conformance.live.check", None)

    with pytest.raises(keyapi.ConfigurationError, match=r"pip install 'keyapi-tiktok\[conf"):
        _ = keyapi.conformance.check
