"""The command on a terminal, as a person sees it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from keyapi.cli.terminal import progress

from .conftest import COMMAND, EXAMPLE, ROW, Server, product, pseudo_terminal

Terminal = Callable[..., str]
CONTROL = re.compile(r"\x1b\[[?\d;]*[A-Za-z]")


def lines(text: str) -> list[str]:
    """The lines that stay on a terminal, without styles."""
    return [CONTROL.sub("", line.rpartition("\r")[2]).rstrip() for line in text.split("\n")]


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("arguments", [(), COMMAND[:1], COMMAND[:2], ("doctor",), ("sandbox",)])
def test_help_fits_the_terminal(terminal: Terminal, width: int, arguments: tuple[str, ...]) -> None:
    shown = lines(terminal(*arguments, "--help", width=width))
    assert shown[0].startswith("Usage: keyapi")
    assert max(map(cell_len, shown)) <= width
    assert "Traceback" not in " ".join(shown)


def test_no_option_is_cut_in_two_in_help(terminal: Terminal) -> None:
    shown = terminal(*COMMAND[:2], "--help")
    for option in ("--user-id", "--influencer-product-sort-field", "--max-credits"):
        assert option in shown


@pytest.mark.parametrize(("width", "columns"), [(80, 6), (200, 14)])
def test_a_terminal_gets_a_table_that_fits_it(
    terminal: Terminal, server: Server, width: int, columns: int
) -> None:
    server.rows = [product(number, product_name="Unbrush " * 20) for number in range(3)]
    shown = lines(terminal(*COMMAND, width=width))
    (first, *_) = [line for line in shown if line.startswith("17293839")]

    assert max(map(cell_len, shown)) <= width
    assert first.startswith("1729383941730700000  Unbrush Unbr")
    assert "943,075  9,604,137.31  14.98" in first
    assert len(re.split(r"  +", first)) == columns
    more = [line for line in shown if "more column" in line]
    assert len(more) == (1 if width == 80 else 0)


def test_the_program_finds_out_that_it_is_on_a_terminal(
    process: Callable[..., subprocess.Popen[bytes]], environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("TERM", "xterm-256color")
    with pseudo_terminal(80) as screen:
        ends = dict.fromkeys(("stdin", "stdout", "stderr"), screen.end)
        with process(*COMMAND, **ends) as started:
            screen.close()
        shown = screen.text()

    assert started.returncode == 0
    assert CONTROL.search(shown)
    assert max(map(cell_len, lines(shown))) <= 80
    assert ROW["product_id"] in shown


def test_a_terminal_shows_what_is_going_on(terminal: Terminal, server: Server) -> None:
    server.holds(25)
    shown = terminal(*COMMAND, "--all")
    assert re.search(r"(asking|\d pages?, \d+ rows, [^\r\n]*)\r\x1b\[2K", shown)
    assert "3 pages, 25 rows, 3 credits" in shown.splitlines()[-1]


@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"term": "dumb"}])
def test_colours_are_left_out_where_they_are_not_wanted(
    terminal: Terminal, settings: dict[str, str]
) -> None:
    for arguments in ((*COMMAND, "-q"), ("--help",)):
        colours = re.findall(r"\x1b\[[\d;]*3\d[\d;]*m", terminal(*arguments, **settings))
        assert colours == []


def test_a_dumb_terminal_gets_no_control_sequence(terminal: Terminal) -> None:
    assert CONTROL.findall(terminal(*COMMAND, term="dumb")) == []


@pytest.mark.parametrize(
    "arguments",
    [(), ("--format", "jsonl"), ("--format", "json"), ("--format", "csv"), ("--raw",)],
    ids=lambda arguments: " ".join(arguments) or "table",
)
def test_no_text_of_the_server_is_obeyed(
    terminal: Terminal, server: Server, arguments: tuple[str, ...]
) -> None:
    server.rows = [product(1, product_name="\x1b]0;owned\x07\x9b31m\u202eevil\x7f")]
    shown = (
        terminal(*COMMAND, "-q", "--columns", "product_name", *arguments)
        if (arguments != ("--raw",))
        else terminal(*COMMAND, "-q", *arguments)
    )

    assert "evil" in shown
    # What is left are the styles of the table's heading.
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", CONTROL.sub("", shown))


def test_no_message_of_the_server_is_obeyed(terminal: Terminal, server: Server) -> None:
    message = "\x1b[2Jgone\u202e"
    server.always = (404, {"code": 404, "message": message, "data": None})
    shown = terminal(*COMMAND)
    assert "gone" in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown


def test_raw_answers_on_a_terminal_end_with_the_line(terminal: Terminal, server: Server) -> None:
    server.holds(11)
    shown = terminal(*COMMAND, "--raw", "--all", "-q").splitlines()
    assert len(shown) == 2
    assert all(line.startswith('{"code": 0') for line in shown)
    assert EXAMPLE["requestId"] in shown[0]


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_and_taken_away_again(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TERM", "xterm-256color")
    environment.setattr(sys, "stderr", screen := _Screen())
    with progress(shown=True) as show:
        show("[3] pages")
    drawn = screen.getvalue()
    assert "asking" in drawn or "[3] pages" in drawn
    assert drawn.endswith("\x1b[2K")


def test_progress_is_drawn_only_where_it_shall_be(environment: pytest.MonkeyPatch) -> None:
    environment.setattr(sys, "stderr", screen := _Screen())
    with progress(shown=False) as show:
        show("3 pages")
    assert screen.getvalue() == ""
