"""A page as it is read by eye: its heading, price, prompt to copy, and block of YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.document.values import json_value
from pipeline.document.yaml import load_yaml

_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})ya?ml +(?:\S+ +)?(?P<method>[A-Za-z]+) +(?P<path>/\S+)"
)
_TAG = re.compile(r"<[^<>]*>")
_CREDITS = re.compile(
    r"(?<!\d)(\d{1,6}) ?(?:credits?\b|个?积分)|每次请求 ?(\d{1,6}) ?(?:个?积分)", re.I
)
_PROMPT = ("writeText(`", "`)")
_PROMPT_PARAMETER = re.compile(r"^- (\S+) \((Required|Optional)\)(?::[ \t]*(.*))?$")
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*("(?:[^"\\\n]|\\.)*"|-?[\d.][\d.eE+-]*|true|false)')


@dataclass(frozen=True)
class Prompt:
    """The page's prompt to copy for AI, which says once more what the block says.

    Attributes:
        call: The method and address, `GET https://…`.
        description: What the operation does.
        parameters: Whether each parameter is required, and its text, by name.
        values: The key and value of each scalar of the example, as far as it is shown.
        has_key: Whether a request needs the header of the key.
    """

    call: str
    description: str
    parameters: dict[str, tuple[bool, str]]
    values: list[tuple[str, Any]]
    has_key: bool


@dataclass(frozen=True)
class PageText:
    """A page.

    Attributes:
        method: HTTP method of its operation, in lower case.
        path: The operation's path.
        document: Its block, an OpenAPI document.
        heading: Its first heading; empty where it has none.
        summary: The quotation below the heading.
        prices: What a request costs by each of its words about credits.
        prompt: The prompt to copy; None where there is none.
    """

    method: str
    path: str
    document: Mapping[str, Any] = field(repr=False)
    heading: str
    summary: str
    prices: tuple[int, ...]
    prompt: Prompt | None

    @property
    def operation(self) -> str:
        """The operation, `GET /v1/…`."""
        return f"{self.method.upper()} {self.path}"


def read_page_text(content: bytes, name: str) -> PageText:
    """Read a page.

    Args:
        content: The page as published.
        name: Its name, for errors.

    Raises:
        PipelineError: Its block is not YAML that can be read.
        ValueError: It has no block of an operation.
    """
    header, block, _ = split_page(content.decode())
    match = _FENCE.match(header.splitlines()[-1] if header else "")
    if match is None:
        raise ValueError(f"{name}: no block of YAML names an operation")
    lines = header.splitlines()[:-1]
    header = "\n".join(lines)
    document = load_yaml(block, name)
    quoted = header.partition("\n# ")[2] if not header.startswith("# ") else header
    summary = [line[2:] for line in quoted.splitlines() if line.startswith("> ")]
    prompts, rest = _cut(header, *_PROMPT)
    visible = " ".join(_TAG.sub(" ", rest).split())
    return PageText(
        match["method"].lower(),
        match["path"],
        document if isinstance(document, dict) else {},
        next((line[2:].strip() for line in lines if line.startswith("# ")), ""),
        " ".join(summary),
        tuple(int(one or other) for one, other in _CREDITS.findall(visible)),
        _prompt(prompts[0]) if prompts else None,
    )


def _cut(text: str, begin: str, end: str) -> tuple[list[str], str]:
    """Cut out what stands between two marks; give the parts, and the text without them."""
    parts: list[str] = []
    rest: list[str] = []
    at = 0
    while (start := text.find(begin, at)) >= 0:
        stop = text.find(end, start + len(begin))
        if stop < 0:
            break
        parts.append(text[start + len(begin) : stop])
        rest.append(text[at:start])
        at = stop + len(end)
    return parts, "".join((*rest, text[at:]))


def split_page(text: str) -> tuple[str, str, str]:
    """Cut a page into what is above its block, with the fence, the block, and what is below.

    Args:
        text: The page; all of it is above the block where there is none.
    """
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if match := _FENCE.match(line):
            ends = (at for at in range(number, len(lines)) if lines[at].strip() == match["fence"])
            end = next(ends, len(lines))
            return "".join(lines[:number]), "".join(lines[number:end]), "".join(lines[end:])
    return text, "", ""


def _prompt(text: str) -> Prompt:
    lines = text.splitlines()

    def after(label: str) -> str:
        return next((line.partition(": ")[2] for line in lines if line.startswith(label)), "")

    parameters = {
        match[1]: (match[2] == "Required", match[3] or "")
        for match in map(_PROMPT_PARAMETER.match, lines)
        if match
    }
    shown = text.partition("Example Response:")[2]
    values = [(match[1], _value(match[2])) for match in _VALUE.finditer(shown)]
    has_key = "Authorization" in text.partition("Parameters:")[0]
    return Prompt(after("Endpoint"), after("Description"), parameters, values, has_key)


def _value(text: str) -> Any:
    try:
        return json_value(text)
    except ValueError:  # a version, or an escape that JSON does not have
        return text.strip('"')
