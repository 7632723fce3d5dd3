"""A recording of a terminal as SVG: a command, and what it prints.

python docs/_extensions/pictures/terminal.py    write the recordings that are committed
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from html import escape
from pathlib import Path

COLUMNS = 64
_LINE, _LETTER, _MARGIN = 18, 7.8, 14
_WAIT = re.compile(r"sent again in [\d.]+ s")


def record(*arguments: str) -> str:
    """Run `keyapi` with some arguments in a terminal of `COLUMNS`, and give what it prints.

    Waits, which vary, are written as half a second.

    Raises:
        subprocess.CalledProcessError: The command failed.
    """
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "PYTHONUTF8": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "keyapi", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        env=environment,
    )
    return _WAIT.sub("sent again in 0.5 s", run.stdout)


def recordings() -> dict[str, str]:
    """The recordings that are committed, by file name: the demo, and its first half for README."""
    whole, command = record("demo"), "keyapi demo"
    return {"demo.svg": drawn(command, whole), "table.svg": drawn(command, _first(whole))}


def _first(printed: str) -> str:
    return printed.partition("\nNow all pages")[0]


def drawn(command: str, printed: str) -> str:
    """Draw a command and what it printed, in colours of its own, as those of a terminal are."""
    lines = [f"$ {command}", *printed.rstrip("\n").splitlines()]
    rows = [(row, _kind(line)) for line in lines for row in _wrapped(line)]
    width = round(COLUMNS * _LETTER + 2 * _MARGIN)
    height = len(rows) * _LINE + 44
    texts = "\n".join(
        f'<text class="{kind}" x="{_MARGIN}" y="{50 + number * _LINE}" '
        f'textLength="{len(row) * _LETTER:.1f}">{escape(row)}</text>'
        for number, (row, kind) in enumerate(rows)
        if row
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">\n'
        f"<title>What {escape(command)} prints</title>\n"
        "<style>text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #d8dee9; "
        "white-space: pre } .prompt { fill: #8fd694; font-weight: bold } .again { fill: #f0c674 } "
        ".stop { fill: #ff9e9e }</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#1d232e"/>\n'
        '<circle cx="20" cy="16" r="5" fill="#ff6b62"/><circle cx="38" cy="16" r="5" '
        'fill="#f0c040"/><circle cx="56" cy="16" r="5" fill="#4fc15a"/>\n'
        f"{texts}\n</svg>\n"
    )


def _kind(line: str) -> str:
    if line.startswith("$ "):
        return "prompt"
    if line.startswith("keyapi: "):
        return "again"
    return "stop" if line.startswith("Stopped: ") else "out"


def _wrapped(line: str) -> list[str]:
    if len(line) <= COLUMNS:
        return [line]
    return textwrap.wrap(line, COLUMNS, subsequent_indent="  ", break_on_hyphens=False)


if __name__ == "__main__":
    for name, svg in recordings().items():
        (Path(__file__).parents[2] / "_static" / name).write_text(svg, "utf-8")
