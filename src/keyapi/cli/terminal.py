"""Output on a terminal: text drawn by Rich, and the progress line of a walk."""

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
    """Yield a Rich console, and write to a destination what was printed on it.

    Rich takes colours (only on a terminal) and width from the environment (`NO_COLOR`, `TERM`,
    `COLUMNS`) and from the terminal.
    """
    from rich.console import Console

    text = io.StringIO()
    yield Console(file=text, force_terminal=out.terminal, highlight=False, emoji=False)
    out.write(text.getvalue().encode(out.encoding, "replace"))


@contextmanager
def progress(*, shown: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that shows the progress, in one line on stderr.

    Args:
        shown: Whether to show it; even then only on a terminal that can move its cursor.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda text: None
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    with console.status(Text("asking"), spinner_style="dim") as status:
        yield lambda text: status.update(Text(text))
