"""What can be wrong with a page: changes of its structure, and of its bytes."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

import yaml

from pipeline.errors import PipelineError
from pipeline.vendor.pages import read_page

_MOST_COPIES = 3_000
_NESTED = "[" * 400 + "]" * 400
_NESTED_MAPS = '{"a":' * 400 + "1" + "}" * 400

# What is written into the YAML as it stands here.
_RAW = (
    *("9" * 5_000, "-" + "9" * 400, "1e999", "-0", "1_000", "0o17", "0x" + "f" * 5_000, "0777"),
    *("1." + "9" * 5_000, "1e-400", ".inf", ".nan", "yes", "2020-01-01", "12:30:45", "~", "", "<<"),
    *("!!python/object/apply:os.system [ls]", "!!binary aGk=", "!!set {a, b}", "!x y", "!!int '1'"),
    *("&a [*a]", "*nowhere", "[" * 60 + "]" * 60, "[" * 400 + "]" * 400, "{a: 1, a: 2}"),
    *("{? [a] : 1}", "{1: a, null: b, true: c}", '"\\0"', '"\\ud800"', '"\\x85\\u2028"'),
    "&x [&y [&z [1, 2], *z, *z, *z], *y, *y, *y]",
)
_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        10**18,
        2**64,
        10**30,
        1.5,
        -0.0,
        1e300,
        "",
        " ",
        "\n",
        "a",
        "²",
    ),
    *("١٢", "½", "9" * 5_000, "0" * 400, "1e400", "nan", "true", "null", "\u200b", "\ufeff", "\t"),
    *([], {}, [[]], [{}], [None], [1], ["a", "a"], {"": ""}, {"a": {}}, {"$ref": 1}, "x" * 300),
    *({"$ref": "#/openapi"}, {"$ref": "#"}, {"$ref": "#/paths"}, {"$ref": "#/components"}),
    *({"$ref": "#/components/schemas/Nothing"}, {"$ref": "#/components/schemas/Loop"}),
    *({"$ref": "#/info/title"}, {"$ref": "#/a~2b"}, {"$ref": "#/paths/0"}, {"$ref": "#/%zz"}),
    *(_NESTED, _NESTED_MAPS, '{"a": ' + "9" * 5_000 + "}", '{"a": NaN}', '"\\ud800"', "[1e999]"),
    *("a\r\nb", "a\rb", "ａ", "K", "ﬁ", "class", "__class__", "self", "é", "商品", "A" * 200),
    *("1=a 2=b", "1" * 5_000 + "=a 2=b", "²=a ³=b", "max " + "9" * 5_000, "(" * 5_000, " " * 9_000),
    *("(a+)+$", "^(a|a)*$", r"(?=x)\1", "[", "a{1,99999}", r"\p{L}", r"(?P<n>x)", "x" * 5_000),
    *("object", "array", "string", "integer", "number", ["string", "null"], "file", "any"),
    *({"type": "object"}, {"type": "array"}, {"type": []}, {"enum": []}, {"enum": [[], {}]}),
    *({"type": "string", "pattern": "(a+)+$"}, {"type": "integer", "minimum": "9" * 400}),
    *({"allOf": []}, {"oneOf": [{}]}, {"anyOf": [True, False]}, {"not": {}}, {"items": []}),
)
_KEYS = (
    *("type", "enum", "default", "example", "examples", "pattern", "minimum", "maximum", "format"),
    *("items", "properties", "required", "additionalProperties", "allOf", "oneOf", "anyOf", "not"),
    *("description", "title", "name", "in", "schema", "content", "style", "explode", "nullable"),
    *("$ref", "const", "discriminator", "x-keyapi", "x-enum-varnames", "tags", "security"),
    *("servers", "parameters", "responses", "requestBody", "components", "maxLength", "minItems"),
    *("operationId", "deprecated", "headers", "links", "callbacks", "encoding", "multipleOf"),
    *("200", "default", "2XX", "application/json", "application/xml", "text/plain", "get", "post"),
)
_BYTES = (
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\t", b"\x85", b"```"),
    *("\u2028".encode(), "²".encode(), b"'", b'"', b": ", b"- ", b"#", b"&a ", b"*a", b"!!", b"|"),
    *(b">", b"{", b"}", b"[", b"]", b"\n---\n", b"\n...\n", b"%YAML 1.1\n", b"~~~~", b"`" * 4),
    b"yaml en/x GET /v1/tiktok/x",
)

_PIECES = (" ", "a ", "1=a ", "1", "(", "`", "one of a, ", "from ", "x_", "a=", "/", "a, b, ")

Path = list[Any]


def mutated_document(content: bytes, chance: Random, *, as_json: bool = False) -> bytes:
    """Change a document in one to four ways, likewise.

    Args:
        content: The document, YAML or JSON.
        chance: Decides.
        as_json: Whether it is JSON, and stays so unless its bytes are changed.
    """
    if chance.random() < 0.75:
        with contextlib.suppress(RecursionError):  # swapped into itself
            text = _changed(yaml.safe_load(content), chance, as_json=as_json)
            content = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.35:
        for _ in range(chance.randint(1, 3)):
            content = chance.choice(_BYTEWISE)(content, chance)
    return content


def _changed(document: Any, chance: Random, *, as_json: bool) -> str:
    """Change a document's structure."""
    holder = [document]
    raw: list[str] = []
    for _ in range(chance.randint(1, 3)):
        chance.choice(_CHANGES)(holder, chance, raw)
    node = holder[0] if holder else None
    if as_json:
        text = json.dumps(node)
    else:
        text = yaml.dump(node, sort_keys=False, allow_unicode=True, Dumper=yaml.SafeDumper)
    for index, each in enumerate(raw):
        text = text.replace(f"raw-{index}-raw", each)
    return text


def mutated(content: bytes, chance: Random) -> bytes:
    """Change a page in one to four ways: its structure, its bytes, or both."""
    if chance.random() < 0.75:
        content = _structure(content, chance)
    if chance.random() < 0.35:
        for _ in range(chance.randint(1, 3)):
            content = chance.choice(_BYTEWISE)(content, chance)
    return content


# -- Structure -----------------------------------------------------------------------------------


def _structure(content: bytes, chance: Random) -> bytes:
    try:
        page = read_page(content, "page")
    except PipelineError:
        return content
    block = copy.deepcopy(page.block)
    raw: list[str] = []
    for _ in range(chance.randint(1, 3)):
        chance.choice(_CHANGES)(block, chance, raw)
    if chance.random() < 0.1:
        block.setdefault("components", {})
        if isinstance(block["components"], dict):
            loop = {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}}
            block["components"]["schemas"] = {"Loop": loop}
    text = yaml.dump(block, sort_keys=False, allow_unicode=True, Dumper=yaml.SafeDumper)
    for index, each in enumerate(raw):
        text = text.replace(f"raw-{index}-raw", each)
    before, fence, rest = content.decode().partition("```yaml ")
    if not fence:
        before, fence, rest = content.decode().partition("````yaml ")
    info, _, after = rest.partition("\n")
    _, end, below = after.partition("\n```")
    return f"{before}{fence}{info}\n{text}{end.lstrip()}{below}".encode("utf-8", "surrogatepass")


def _places(node: Any, at: Path | None = None) -> list[Path]:
    at = at or []
    found = [at] if at else []
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        if isinstance(child, (dict, list)):
            found += _places(child, [*at, key])
        else:
            found.append([*at, key])
    return found


def _holder(block: Any, at: Path) -> Any:
    for key in at[:-1]:
        block = block[key]
    return block


def _place(block: Any, chance: Random) -> tuple[Any, Any]:
    """A random entry: what holds it, and its key."""
    places = _places(block)
    if not places:
        return {"a": None}, "a"
    at = chance.choice(places)
    return _holder(block, at), at[-1]


def _replace(block: Any, chance: Random, _raw: list[str]) -> None:
    holder, key = _place(block, chance)
    holder[key] = copy.deepcopy(chance.choice(_VALUES))


def _replace_raw(block: Any, chance: Random, raw: list[str]) -> None:
    holder, key = _place(block, chance)
    holder[key] = f"raw-{len(raw)}-raw"
    raw.append(chance.choice(_RAW))


def _remove(block: Any, chance: Random, _raw: list[str]) -> None:
    holder, key = _place(block, chance)
    del holder[key]


def _rename(block: Any, chance: Random, _raw: list[str]) -> None:
    holder, key = _place(block, chance)
    if isinstance(holder, dict):
        new = chance.choice((*_KEYS, *(v for v in _VALUES if isinstance(v, str)), f"{key}2"))
        changed = {new if each == key else each: value for each, value in holder.items()}
        holder.clear()
        holder.update(changed)


def _add(block: Any, chance: Random, _raw: list[str]) -> None:
    holder, key = _place(block, chance)
    inner = holder[key] if isinstance(holder[key], (dict, list)) else holder
    value = copy.deepcopy(chance.choice(_VALUES))
    if isinstance(inner, dict):
        inner[chance.choice(_KEYS)] = value
    else:
        inner.append(value)


def _swap(block: Any, chance: Random, _raw: list[str]) -> None:
    (one, first), (other, second) = _place(block, chance), _place(block, chance)
    value = copy.deepcopy(other[second])
    other[second] = copy.deepcopy(one[first])
    if (first in one) if isinstance(one, dict) else (first < len(one)):
        one[first] = value


def _multiply(block: Any, chance: Random, _raw: list[str]) -> None:
    """Many of something: parameters, properties, members, rows."""
    holder, key = _place(block, chance)
    count = chance.choice((3, 30, 300, _MOST_COPIES))
    value = holder[key]
    if len(str(value)) * count > 2_000_000:
        return
    if isinstance(holder, list):
        holder.extend(_numbered(value, number) for number in range(count))
    else:
        holder.update({f"{key}{number}": copy.deepcopy(value) for number in range(count)})


def _numbered(value: Any, number: int) -> Any:
    value = copy.deepcopy(value)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        value["name"] += str(number)
    return f"{value}{number}" if isinstance(value, str) else value


def _nest(block: Any, chance: Random, _raw: list[str]) -> None:
    holder, key = _place(block, chance)
    value = holder[key]
    kind = chance.choice(("list", "map", "schema", "items", "allOf"))
    for _ in range(chance.choice((1, 5, 20, 45, 90))):
        if kind == "list":
            value = [value]
        elif kind == "map":
            value = {"a": value}
        elif kind == "schema":
            value = {"type": "object", "properties": {"a": value}}
        elif kind == "items":
            value = {"type": "array", "items": value}
        else:
            value = {"allOf": [value, {"type": "object"}]}
    holder[key] = value


def _lengthen(block: Any, chance: Random, _raw: list[str]) -> None:
    """A long text of one piece."""
    places = [at for at in _places(block) if isinstance(_holder(block, at)[at[-1]], str)]
    if places:
        at = chance.choice(places)
        piece = chance.choice(_PIECES)
        holder = _holder(block, at)
        holder[at[-1]] += piece * (chance.choice((100, 5_000, 60_000)) // len(piece))


_CHANGES: tuple[Callable[[Any, Random, list[str]], None], ...] = (
    *(_replace, _replace, _replace, _replace_raw, _replace_raw, _remove, _rename, _rename, _add),
    *(_add, _swap, _multiply, _nest, _lengthen),
)


# -- Bytes ---------------------------------------------------------------------------------------


def _insert(content: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.choice(_BYTES) * chance.choice((1, 1, 1, 40, 4_000)) + content[at:]


def _flip(content: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


def _cut(content: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    return content[:start] + content[start + chance.choice((1, 5, 100, 10**9)) :]


def _repeat(content: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    piece = content[start : start + chance.choice((1, 10, 200))]
    return content[:start] + piece * chance.choice((2, 20, 500)) + content[start:]


def _repeat_lines(content: bytes, chance: Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b"\n"]
    at = chance.randrange(len(lines))
    lines[at:at] = lines[at : at + chance.choice((1, 4))] * chance.choice((2, 20, 1_000))
    return b"".join(lines)


def _indent(content: bytes, chance: Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b"\n"]
    at = chance.randrange(len(lines))
    lines[at] = chance.choice((b" ", b"\t", b"    " * 200)) + lines[at]
    return b"".join(lines)


def _end_lines(content: bytes, chance: Random) -> bytes:
    return content.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\n\r")))


def _swap_lines(content: bytes, chance: Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b"\n"]
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


_BYTEWISE = (_insert, _flip, _cut, _repeat, _repeat_lines, _indent, _end_lines, _swap_lines)
