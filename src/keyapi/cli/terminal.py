"""What is drawn: text for people by Rich, and the line that tells how far a walk is."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from keyapi.cli.destination import Destination


@contextmanager
def console_to(out: Destination) -> Iterator[Console]:
    """Give a Rich console, and write to a destination what was printed on it.

    Colours, where it is a terminal, and the width are what Rich finds in the environment
    (`NO_COLOR`, `TERM`, `COLUMNS`) and of the terminal.
    """
    from rich.console import Console

    text = io.StringIO()
    yield Console(file=text, force_terminal=out.terminal, highlight=False, emoji=False)
    out.write(text.getvalue().encode(out.encoding, "replace"))


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that shows, in one line on stderr, how far things are.

    Args:
        shown: Whether to show it at all; it is shown only on a terminal that can move its cursor.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda text: None
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    with console.status(Text("asking"), spinner_style="dim") as status:
        yield lambda text: status.update(Text(text))
