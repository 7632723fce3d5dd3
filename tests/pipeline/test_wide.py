"""Objects of very many properties: read in linear time, as the tools alone would read them."""

from __future__ import annotations

import gc
from pathlib import Path
from random import Random
from time import process_time

from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_spec_validator import OpenAPIV30SpecValidator

from pipeline.generate.parse import parse
from pipeline.generate.validity import problem_of
from pipeline.generate.wide import in_linear_time


def test_an_object_is_read_as_the_generator_alone_would_in_more_time() -> None:
    letters = ("user_id", "userId", "UserId", "user-id", "userID", "user id", "USER_ID", "User_id")
    kinds = ({"type": "string"}, {"type": "array", "items": {"type": "integer"}}, {"enum": ["a"]})
    characters = [*map(chr, range(128)), *"_-. aZ" * 20, *"éÉ٣ǅ𝒳"]
    chance = Random(0)  # noqa: S311 - it makes up names
    for number in range(40):
        names = chance.sample(letters, chance.randint(2, len(letters)))
        names[1:1] = [f"p{n}" for n in range(chance.randint(0, 3))]
        names += {"".join(chance.choices(characters, k=9)) for _ in range(4)} - {*names}
        schema = {
            "type": "object",
            "properties": {name: chance.choice(kinds) for name in names},
            "required": chance.sample(names, chance.randint(0, 2)),
        }
        with in_linear_time():
            fast = _read_by_the_generator(schema)
        assert fast == _read_by_the_generator(schema), (number, schema)


def _read_by_the_generator(schema: dict[str, object]) -> object:
    config = Config.from_sources(
        ConfigFile(), MetaType.NONE, Path("openapi"), "utf-8", overwrite=False, output_path=None
    )
    document = {
        "openapi": "3.0.3",
        "info": {"title": "a", "version": "1"},
        "paths": {},
        "components": {"schemas": {"Row": schema}},
    }
    read = GeneratorData.from_dict(document, config=config)
    assert isinstance(read, GeneratorData)
    models = [
        [
            [(p.name.get_untrusted_value(), p.python_name, type(p).__name__) for p in props or []]
            for props in (model.required_properties, model.optional_properties)
        ]
        + [sorted(model.relative_imports or ()), sorted(model.lazy_imports or ())]
        for model in read.models
    ]
    return models, [error.header for error in read.errors]


def test_what_the_validator_is_spared_changes_nothing_of_what_it_says() -> None:
    """Each schema stands alone, among plain ones, and below a default."""
    schemas: list[dict[str, object]] = [
        *({"type": kind} for kind in ("string", "text", 5, None, ["string"])),
        *({"minimum": value} for value in (0, True, "1", None)),
        *({"maxLength": value} for value in (3, -1, 1.5, True, "1")),
        *({"nullable": value} for value in (True, "yes")),
        *({"items": value} for value in ({}, {"type": "x"}, [], "a")),
        *({"description": value} for value in ("words", 5)),
        *({"unknown": 1}, {"type": "string", "default": 5}, {"type": "string", "default": "a"}),
        *({"$ref": "#/components/schemas/Plain"}, {"example": {"type": 5}}, {"enum": []}),
    ]
    found = {}
    for schema in schemas:
        plain = {"type": "string", "description": "Words"}
        for properties in ({"a": schema}, {"b": plain, "a": schema}):
            row: dict[str, object] = {"type": "object", "properties": properties}
            lists: list[object] = [["a"], ["a", "b"], ["a", "a"], ["a", "c"], [], [5], [[]], True]
            required = ({**row, "required": each} for each in lists)
            for holder in (row, {**row, "default": {"b": 5}}, *required):
                named = {"Plain": plain, "Row": holder}
                document = {
                    "openapi": "3.0.3",
                    "info": {"title": "a", "version": "1"},
                    "paths": {},
                    "components": {"schemas": named},
                }
                valid = next(OpenAPIV30SpecValidator(document).iter_errors(), None) is None
                found[valid] = True
                assert (problem_of(document) is None) == valid, holder
    assert found == {True: True, False: True}


def test_ten_thousand_properties_take_time_by_their_number() -> None:
    """Whatever they are: of rows, of a body, by several schemas. Their time at n and at 16 n."""

    def seconds(count: int) -> float:
        kinds = [{"type": "string"}, {"type": "integer"}, {"type": "array", "items": {}}]
        properties = {f"property_{n}": kinds[n % 3] for n in range(count)}
        row = {"type": "object", "properties": properties}
        spec = {
            "openapi": "3.0.3",
            "info": {"title": "a", "version": "1"},
            "paths": {},
            "components": {"schemas": {"Row": row, "Whole": {**row, "required": [*properties]}}},
        }
        gc.collect()
        gc.disable()  # what other tests have left behind is looked at for as long as this takes
        try:
            began = process_time()
            parse(spec, ConfigFile(), Path("none"))
            return process_time() - began
        finally:
            gc.enable()

    seconds(10)
    assert seconds(8_000) < 64 * min(seconds(500) for _ in range(3)), "16 if linear, 256 if not"
