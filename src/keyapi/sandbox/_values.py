"""Plausible values for a schema, the same from the same seed on every machine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

from keyapi._facts import JsonText
from keyapi.sandbox._texts import fitted
from keyapi.specification import Schema, Specification

_ADJECTIVES = ("Bright", "Classic", "Cozy", "Daily", "Fresh", "Gentle", "Mini", "Soft", "Travel")
_NOUNS = ("Backpack", "Blender", "Brush", "Candle", "Hoodie", "Lamp", "Mug", "Serum", "Speaker")
_REGIONS = ("US", "GB", "ID", "MY", "PH", "SG", "TH", "VN")
_DATA_DAY = date(2026, 1, 31)  # date of the data; fixed, so that a seed always gives the same data
_EPOCH = 1_769_817_600  # that day in seconds
_DIGITS = 12  # drawn at a time
_MOST_OCCASIONS = 200  # videos or live streams per product, at most
_LONGEST_WHOLE_ID = 18  # digits; a longer integer may have more than 64 bits
_SHORTEST_ID = 5  # digits; shorter examples of ids are replaced
_USUAL_ITEMS = 3  # of a list, where the specification names no number
_FINE = 0.01  # how far a number stays from a bound that is excluded
_DRAWS = 40  # for items of which none may be like another, beside one for each
_DEEPEST = 6  # a schema may contain itself
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


class Chance:
    """Random choices from a seed. Uses only `Random.random`, the one stable method.

    Args:
        seed: Values that the choices depend on.
    """

    def __init__(self, *seed: object) -> None:
        self._random = Random("\0".join(map(str, seed))).random  # noqa: S311 - it makes up data

    def share(self) -> float:
        """A number from 0 up to 1."""
        return self._random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def one_of(self, choices: Sequence[Any]) -> Any:
        """One of the choices."""
        return choices[int(self._random() * len(choices))]

    def digits(self, count: int) -> str:
        """Text of `count` digits, the first of which is not 0."""
        low, text = 10 ** (count - 1), ""
        while len(text) < count:  # a float has at most 15 exact digits
            text += f"{int(self._random() * 10**_DIGITS):0{_DIGITS}}"
        return text[:count] if int(text[:count]) >= low else f"1{text[1:count]}"

    def shuffled(self, items: Sequence[Any]) -> list[Any]:
        """The items in another order."""
        return sorted(items, key=lambda _: self._random())


def value(
    spec: Specification, schema: Schema, name: str, example: Any, chance: Chance, depth: int = 0
) -> Any:
    """Generate a value.

    Args:
        spec: The specification with the schema.
        schema: The schema.
        name: Name of its property, which distinguishes ids, amounts, dates and the like.
        example: The documented value of that property, or None.
        chance: Source of the random choices.
        depth: Number of objects and lists around it.
    """
    schema = spec.resolved(schema)
    if "enum" in schema:
        return chance.one_of([member for member in schema["enum"] if member is not None])
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            return _composed(spec, schema[key], key, name, example, chance, depth)
    if (text := JsonText.of(schema)) is not None:
        return _json_text(spec, text, name, example, chance)
    kind = schema.get("type")
    if kind == "object":
        return row(spec, schema, example, chance, depth + 1)
    if kind == "array":
        shown = example[0] if isinstance(example, list) and example else None
        low = schema.get("minItems", 0)
        high = schema.get("maxItems", max(low, _USUAL_ITEMS))
        count = low if depth >= _DEEPEST else chance.whole(min(low or 1, high), high)
        items = schema.get("items", {})

        def item() -> Any:
            return value(spec, items, name, shown, chance, depth + 1)

        if schema.get("uniqueItems"):
            return _each_once(spec.resolved(items), item, count, low)
        return [item() for _ in range(count)]
    if kind == "boolean":
        return chance.share() < 0.5
    if kind == "integer" and "id" in _words(name):
        digits = 9 if schema.get("format") == "int32" else _LONGEST_WHOLE_ID
        return _bounded(schema, int(chance.digits(digits)))
    if kind in ("integer", "number"):
        return _bounded(schema, _number(name, chance, whole=kind == "integer"))
    if kind == "string":
        return fitted(schema, _text(schema, name, example, chance), chance.digits)
    return example


def _each_once(items: Schema, draw: Callable[[], Any], count: int, low: int) -> list[Any]:
    """Items of which none is like another: drawn, or else members or numbers as they come.

    Args:
        items: Their schema, resolved.
        draw: Draws one.
        count: How many there should be.
        low: How many there must be, if the schema allows so many.
    """
    found: dict[str, Any] = {}
    for _ in range(count + _DRAWS):
        if len(found) >= count:
            break
        item = draw()
        found.setdefault(json.dumps(item, sort_keys=True), item)
    least = int(items.get("minimum", 0))
    numbers = range(least, int(items.get("maximum", least + low)) + 1)
    is_number = items.get("type") in ("integer", "number")
    for item in items.get("enum", numbers if is_number else ()):
        if len(found) < low:
            found.setdefault(json.dumps(item, sort_keys=True), item)
    return list(found.values())


def row(
    spec: Specification, schema: Schema, example: Any, chance: Chance, depth: int = 0
) -> dict[str, Any]:
    """Generate an object with consistent figures; see `_consistent`."""
    shown = example if isinstance(example, dict) else {}
    required = schema.get("required", ())
    properties: Mapping[str, Schema] = schema.get("properties", {})
    made = {
        name: value(spec, child, name, shown.get(name), chance, depth)
        for name, child in properties.items()
        if (depth < _DEEPEST or name in required) and not spec.resolved(child).get("writeOnly")
    }
    others = schema.get("additionalProperties")
    if isinstance(others, dict) and others and depth < _DEEPEST:
        keys = [key for key in shown if key not in properties] or ["1"]
        for key in keys[: chance.whole(1, len(keys))]:
            made[key] = value(spec, others, key, shown.get(key), chance, depth + 1)
    numbers = {
        name: spec.resolved(properties[name]).get("type")
        for name, made_up in made.items()
        if name in properties and isinstance(made_up, (int, float)) and type(made_up) is not bool
    }
    _consistent(made, numbers, chance)
    made.update((name, _bounded(spec.resolved(properties[name]), made[name])) for name in numbers)
    return {**made, **_mapped(spec, schema, shown, chance, depth)}


def _mapped(
    spec: Specification, schema: Schema, shown: Mapping[str, Any], chance: Chance, depth: int
) -> dict[str, Any]:
    """The entries of a map, by the keys of the example."""
    entries = schema.get("additionalProperties")
    if not isinstance(entries, dict) or depth >= _DEEPEST:
        return {}
    keys = [key for key in shown if key not in schema.get("properties", {})]
    least = schema.get("minProperties", 0)
    keys += [chance.digits(_SHORTEST_ID) for _ in range(max(least, 1) - len(keys))]
    return {key: value(spec, entries, key, shown.get(key), chance, depth) for key in keys}


def _consistent(row: dict[str, Any], kinds: Mapping[str, Any], chance: Chance) -> None:
    """Make the figures of a row consistent, by their names.

    `total_live_sale_cnt` and `total_video_sale_cnt` are parts of `total_sale_cnt`; if
    `total_live_cnt` is 0, nothing was sold live; an amount is the number sold, at about the price.
    """
    parts = _parts(tuple(kinds))
    for whole, names in parts.items():
        if len(names) > 1:
            left = row[whole]
            for name in names:
                row[name] = type(row[name])(left * chance.share())
                left -= row[name]
    for whole, names in parts.items():
        if len(names) == 1:  # a number of occasions to sell, which is small
            row[whole] = type(row[whole])(row[whole] % _MOST_OCCASIONS)
            if not row[whole]:
                row[names[0]] = type(row[names[0]])(0)
    price = next((row[name] for name in kinds if "price" in name.split("_")), None)
    discount = 0.6 + 0.4 * chance.share()
    for name, kind in kinds.items():
        sold = row.get(re.sub(r"_(?:gmv_)?amt$", "_cnt", name)) if name.endswith("_amt") else None
        if sold is not None and price is not None:
            amount = round(sold * price * discount, 2)
            row[name] = int(amount) if kind == "integer" else amount


@cache
def _parts(figures: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """For each figure, those named like it with one word more."""
    parts: dict[str, list[str]] = {name: [] for name in figures}
    for name in figures:
        words = name.split("_")
        for place in range(len(words)):
            whole = "_".join(words[:place] + words[place + 1 :])
            if whole in parts:
                parts[whole].append(name)
    return parts


def _composed(
    spec: Specification,
    parts: Sequence[Schema],
    key: str,
    name: str,
    example: Any,
    chance: Chance,
    depth: int,
) -> Any:
    if key != "allOf":
        return value(spec, parts[0], name, example, chance, depth)
    made = [value(spec, part, name, example, chance, depth) for part in parts]
    if not all(isinstance(one, dict) for one in made):
        return made[0]
    return {name: child for one in made for name, child in one.items()}


def _json_text(spec: Specification, text: JsonText, name: str, example: Any, chance: Chance) -> Any:
    """JSON inside a string; a list is unordered, as in the documented example."""
    if text.decoded is None:
        return example if isinstance(example, str) else "[]"
    try:
        shown = json.loads(example)
    except (TypeError, ValueError):
        shown = None
    made = value(spec, text.decoded, name, shown, chance)
    if isinstance(made, list) and text.order:
        for index, one in enumerate(made):
            one[text.order] = index
        made = chance.shuffled(made)
    return json.dumps(made)


def _number(name: str, chance: Chance, *, whole: bool) -> int | float:
    words = _words(name)
    if words & {"time", "timestamp"}:
        return _EPOCH - chance.whole(0, 365) * 86_400
    if words & {"date", "day", "dt"}:
        return int(_day(chance).strftime("%Y%m%d"))
    if words & {"rate", "ratio", "score"} and not whole:
        return round(chance.share(), 4)
    if words & {"price", "amt", "amount", "gmv", "revenue", "fee"}:
        amount = 1 + 10 ** (2.2 * chance.share())
        return int(amount) if whole else round(amount, 2)
    # Counts span orders of magnitude, and one in five is 0.
    count = 0 if chance.share() < 0.2 else int(10 ** (6 * chance.share()))
    return count if whole else float(count)


def _bounded(schema: Schema, number: int | float) -> int | float:
    low, high = schema.get("minimum"), schema.get("maximum")
    step = schema.get("multipleOf", 1 if isinstance(number, int) else _FINE)
    if low is not None and schema.get("exclusiveMinimum"):
        low += step
    if high is not None and schema.get("exclusiveMaximum"):
        high -= step
    number = number if low is None else max(low, number)
    number = number if high is None else min(high, number)
    if "multipleOf" in schema and number % step:
        number = step * (
            number // step if low is None or number - number % step >= low else number // step + 1
        )
    return number


def _text(schema: Schema, name: str, example: Any, chance: Chance) -> str:
    words = _words(name)
    numeric = isinstance(example, str) and re.fullmatch(r"[0-9]+", example)
    if "id" in words and (example is None or (numeric and len(example) < _SHORTEST_ID)):
        return chance.digits(19)
    if numeric:
        return chance.digits(len(example))
    if words & {"url", "link", "avatar", "cover", "image"}:
        return f"https://images.example/{chance.digits(19)}.jpeg"
    if schema.get("format") == "date" or words & {"date", "day", "dt"}:
        return _day(chance).isoformat()
    if schema.get("format") == "date-time" or "time" in words:
        return f"{_day(chance).isoformat()}T00:00:00Z"
    if words & {"region", "country"}:
        return str(chance.one_of(_REGIONS))
    if words & {"name", "title", "nickname"}:
        return f"{chance.one_of(_ADJECTIVES)} {chance.one_of(_NOUNS)} {chance.whole(1, 99)}"
    return example if isinstance(example, str) else str(chance.one_of(_NOUNS)).lower()


def _day(chance: Chance) -> date:
    return _DATA_DAY - timedelta(days=chance.whole(0, 365))


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORDS.findall(name))
