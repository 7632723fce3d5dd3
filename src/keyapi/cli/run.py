"""Running an operation's command: one call, or a walk over its pages."""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Callable, Mapping
from typing import Any

from keyapi._client import SyncClient
from keyapi._errors import AuthenticationError, KeyAPIError, PaginationError
from keyapi._models import plain
from keyapi.cli.columns import Columns
from keyapi.cli.commands import Command
from keyapi.cli.destination import File, Stdout, opened
from keyapi.cli.formats import (
    ADDED_TO,
    Layout,
    Writer,
    chosen_format,
    raw,
    require_binary,
    writer,
)
from keyapi.cli.messages import (
    INTERRUPTED,
    OK,
    USAGE,
    CommandError,
    UsageError,
    counted,
    exit_code,
    explain,
    logged,
    say,
)
from keyapi.cli.options import Options
from keyapi.cli.terminal import progress
from keyapi.cli.values import dashed

# Asked again, with the same key and arguments, the server would answer the same.
_LASTING = (AuthenticationError, PaginationError)


class Run:
    """One run of a command.

    Args:
        client: Class of the client to call.
        columns: The columns of the operation's rows.
        command: The command.
        arguments: The arguments on the command line, by their Python names.
        options: The options.

    Raises:
        UsageError: The options contradict one another, or name a column that does not exist.
    """

    def __init__(
        self,
        client: type[SyncClient],
        columns: Columns,
        command: Command,
        arguments: dict[str, Any],
        options: Options,
    ) -> None:
        self._class = client
        self._command = command
        self._options = options
        self._walks = arguments.pop("all", False) or not arguments.keys().isdisjoint(command.bounds)
        self._arguments = arguments
        _check_position(command, arguments, walks=self._walks)
        if options.raw and (options.format or options.columns):
            raise UsageError("--raw cannot be combined with --format or --columns")
        path = options.output if str(options.output) != "-" else None
        suffix = None if path is None else path.suffix
        if path is not None and path.exists() and not path.is_file():
            suffix = ""  # a device or a pipe may be called anything
        self._kind = "jsonl" if options.raw else chosen_format(options.format, suffix, Stdout())
        if options.append and path is None:
            raise UsageError("--append adds to the file that --output names; add --output FILE")
        if options.append and self._kind not in ADDED_TO:
            raise UsageError(f"--append cannot add to {self._kind}; use jsonl or csv")
        require_binary(self._kind, terminal=path is None and Stdout().terminal)
        self._layout = Layout(
            command.spec,
            columns,
            None if options.columns is None else columns.named(options.columns),
            single=command.call.kind in ("one", "data"),
            sorted_by=_sorted_by(command, arguments),
        )
        self._pages = self._rows = self._cached = 0
        self._next: Any = None
        self._more = False
        self._began = time.monotonic()

    def __call__(self) -> int:
        """Call the operation, write its answers, and return the exit code."""
        arguments = self._options.for_client()
        level = logging.WARNING if self._options.quiet else logging.INFO
        with logged(level), _recorder(self._class)(**arguments) as client:
            try:
                with opened(self._options.output, append=self._options.append) as out:
                    return self._write(client, out)
            finally:
                if not self._options.quiet and (self._pages or client.credits_spent):
                    say(self._state(client))

    def _write(self, client: _Recorder, out: Stdout | File) -> int:
        """Write the answers; after an error, all answers before it."""
        rows = writer(self._kind, out, self._layout)
        collected = self._kind == "table" and not self._options.raw
        code = OK
        with progress(shown=not self._options.quiet and (collected or not out.terminal)) as show:
            try:
                self._fetch(client, rows, out, lambda: show(self._state(client)))
            except (KeyAPIError, CommandError, KeyboardInterrupt) as error:
                code = _say_why(error)
                self._say_where(resumable=code != USAGE and not isinstance(error, _LASTING))
        if code == OK or self._pages:
            if not self._options.raw:
                rows.end()
            out.keep()
        for note in rows.notes:
            say(note)
        return code

    def _fetch(
        self, client: _Recorder, rows: Writer, out: Stdout | File, show: Callable[[], None]
    ) -> None:
        call, walk = self._command.call, self._command.walk
        show()
        if walk is None or not self._walks:
            result = call.on(client)(**self._arguments)
            self._more = getattr(result, "has_more", False)
            self._take(client, [result] if self._layout.single else list(result or ()), rows, out)
            return
        limit = self._arguments.get("limit")
        start = self._command.position[1]
        self._next = self._arguments.get(start, walk.signature.parameters[start].default)
        for page in walk.on(client)(**self._arguments).pages():
            left = None if limit is None else limit - self._rows
            self._take(client, page.items[:left], rows, out)
            self._next, self._more = page.next, page.has_more
            show()

    def _take(self, client: _Recorder, items: list[Any], rows: Writer, out: Stdout | File) -> None:
        """Write the items of one answer."""
        if self._options.raw:
            # Each answer is on a line of its own; a single one ends with its last byte.
            body = raw(out, client.answer.response.content)
            out.write(b"\n" + body if self._pages and not out.terminal else body)
            out.write(b"\n" if out.terminal else b"")
            out.flush()
        else:
            rows.rows(items)
        self._pages += 1
        self._rows += len(items)
        self._cached += client.answer.call.from_cache

    def _state(self, client: SyncClient) -> str:
        """Describe the progress so far."""
        seconds = time.monotonic() - self._began
        facts = [counted(client.credits_spent, "credit")]
        if not self._layout.single:
            facts.insert(0, counted(self._rows, "row"))
        if self._command.walk is not None:
            facts.insert(0, counted(self._pages, "page"))
        if self._cached:
            facts.append(f"{self._cached} from the cache")
        if self._walks:
            facts.append(f"{seconds:.1f} s, {self._pages / max(seconds, 0.001):.1f} pages/s")
        elif self._more:
            facts.append("more with --all")
        return ", ".join(facts)

    def _say_where(self, *, resumable: bool) -> None:
        """Say where the rows of a walk that ended early are, and how to resume it."""
        if not self._walks:
            return
        if self._pages:
            path = self._options.output
            say(f"{counted(self._rows, 'row')} {f'are in {path}' if path else 'were written'}.")
        if not resumable or self._next is None:
            return
        start = self._command.position[1]
        options = [f"--{dashed(start)} {shlex.quote(str(self._next))}"]
        for name, used in zip(self._command.bounds, (self._rows, self._pages), strict=True):
            if name in self._arguments:
                options.append(f"--{dashed(name)} {self._arguments[name] - used}")
        options += ["--all"] if len(options) == 1 else []
        if self._options.output is not None and self._pages:  # or the file would be replaced
            added = self._kind in ADDED_TO
            options.append("--append" if added else "--output ANOTHER_FILE")
        say(f"Resume with {' '.join(options)}")


class _Recorder(SyncClient):
    """Keeps the client's last answer, whichever method requested it."""

    answer: Any

    def _call(self, operation: Any, arguments: Mapping[str, Any], take: Any) -> Any:
        def kept(answer: Any, operation: Any) -> Any:
            self.answer = answer
            return take(answer, operation)

        return super()._call(operation, arguments, kept)


def _recorder(client: type[SyncClient]) -> type[_Recorder]:
    return type(client.__name__, (_Recorder, client), {})


def _say_why(error: BaseException) -> int:
    """Say why a command ends here, and return the exit code."""
    if isinstance(error, KeyAPIError):
        say(explain(error))
        return exit_code(error)
    if isinstance(error, CommandError):
        say(str(error))
        return error.code
    say("Interrupted.")
    return INTERRUPTED


def _check_position(command: Command, arguments: Mapping[str, Any], *, walks: bool) -> None:
    """Refuse a walk's start without a walk, and a single page in a walk."""
    if not command.position:
        return
    page, start = command.position
    if walks and page in arguments:
        raise UsageError(
            f"--{dashed(page)} requests a single page; with --all, --limit or --max-pages, use "
            f"--{dashed(start)} instead"
        )
    if not walks and start in arguments:
        raise UsageError(
            f"--{dashed(start)} sets where a walk starts: add --all, --limit or --max-pages, or "
            f"use --{dashed(page)} for a single page"
        )


def _sorted_by(command: Command, arguments: Mapping[str, Any]) -> str | None:
    """The property that the rows are to be sorted by."""
    sort = command.spec.sort
    if sort is None:
        return None
    argument = next((n for n, wire in command.call.wire.items() if wire == sort.field), "")
    members = command.spec.arguments[sort.field].members
    wanted = plain(arguments.get(argument))
    return next((name for name, value in members.items() if value == wanted), None)
