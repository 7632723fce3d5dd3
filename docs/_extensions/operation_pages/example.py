"""A call of an operation that anyone can run: with documented arguments, against the sandbox."""

from __future__ import annotations

import inspect
import io
import json
from contextlib import redirect_stdout
from enum import Enum
from textwrap import indent
from typing import Any

from keyapi._models import Model
from keyapi.cli.columns import Columns
from keyapi.cli.commands import Command
from keyapi.cli.examples import typed
from keyapi.conformance.cases import documented_arguments
from keyapi.conformance.drivers import Caller, Inexpressible
from keyapi.specification import Specification

_COLUMNS = 3
_ROWS = 12  # of a walk
_SHOWN = 1000  # characters of what an example prints
_WIDTH = 96


class Example:
    """A program that calls one operation, and what it prints.

    Args:
        specification: The effective specification.
        command: The operation's method, walk and command.
        caller: Knows the arguments of the client's methods.

    Attributes:
        code: The program; empty where no typed call says the documented arguments.
        shell: The same call on the command line; empty where `code` is.
        problem: Why no program could be written; empty if one was.
    """

    def __init__(self, specification: Specification, command: Command, caller: Caller) -> None:
        self.code = self.shell = self.problem = ""
        self._command, self._caller = command, caller
        self._columns = Columns(specification, command.spec)
        self._imports: set[str] = {caller.client.__name__}
        try:
            body = self._body()
        except Inexpressible as error:
            self.problem = str(error)
            return
        name = caller.client.__name__
        package = caller.client._package
        self.code = (
            "from keyapi.sandbox import Sandbox\n"
            f"from {package} import {', '.join(sorted(self._imports))}\n\n"
            f"with Sandbox({name}).client() as {name.lower()}:"
            f"  # for the real API: with {name}() as {name.lower()}\n"
            f"{indent(body, '    ')}"
        )
        plain = {k: getattr(v, "value", v) for k, v in self._arguments(walk=False).items()}
        if not any(isinstance(value, dict | list | Model) for value in plain.values()):
            self.shell = typed(command, plain)

    def run(self) -> str:
        """Run the program in this process, and give what it prints, cut to some lines.

        Raises:
            Exception: Whatever the program raises.
        """
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(self.code, self._command.spec.name, "exec"), {})  # noqa: S102 - made here
        text = printed.getvalue()
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…\n"

    def _arguments(self, *, walk: bool) -> dict[str, Any]:
        """The arguments of a call, by their Python names; those with a default only for a sort."""
        spec, name = self._command.spec, self._command.spec.name
        method = self._caller.methods[name, walk]
        values = documented_arguments(spec)
        if spec.paging is not None:
            for own in (spec.paging.position, spec.paging.size or ""):
                python = next((arg for arg, wire in method.wire.items() if wire == own), "")
                parameter = method.signature.parameters.get(python)
                if parameter is None or parameter.default is not inspect.Parameter.empty:
                    values.pop(own, None)
        if walk and spec.sort is not None:
            members = spec.arguments[spec.sort.field].members
            directions = spec.arguments[spec.sort.direction].members if spec.sort.direction else {}
            if members:
                values[spec.sort.field] = next(iter(members.values()))
            if "desc" in directions:
                values[str(spec.sort.direction)] = directions["desc"]
        return self._caller.arguments(name, values, walk=walk)

    def _body(self) -> str:
        command = self._command
        client = self._caller.client.__name__.lower()
        call = self._call(f"{client}.{command.call.resource}.{command.call.name}", walk=False)
        kind = command.call.kind
        if kind == "page":
            lines = [f"page = {call}", 'print(len(page), "rows; credits:", page.credits)']
        elif kind == "many":
            lines = [f"rows = {call}", 'print(len(rows), "rows")']
        else:
            lines = [f"answer = {call}", f"print({self._shown('answer') or 'answer'})"]
        if command.walk is not None:
            walk = self._call(
                f"{client}.{command.walk.resource}.{command.walk.name}", walk=True, limit=_ROWS
            )
            lines += ["", f"walk = {walk}"]
            lines += ["for row in walk:", f"    print({self._shown('row') or 'row'})"]
            lines += ['print("pages:", walk.pages_fetched)']
        elif kind in ("page", "many"):
            rows = "page" if kind == "page" else "rows"
            lines += [f"for row in {rows}[:5]:", f"    print({self._shown('row') or 'row'})"]
        return "\n".join(lines) + "\n"

    def _call(self, method: str, *, walk: bool, **more: Any) -> str:
        arguments = {**self._arguments(walk=walk), **more}
        written = [f"{name}={self._literal(value)}" for name, value in arguments.items()]
        line = f"{method}({', '.join(written)})"
        if len(line) <= _WIDTH:
            return line
        return f"{method}(\n" + "".join(f"    {each},\n" for each in written) + ")"

    def _literal(self, value: Any) -> str:
        if isinstance(value, Enum):
            self._imports.add(type(value).__name__)
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, Model):
            self._imports.add(type(value).__name__)
            return f"{type(value).__name__}.from_dict({value.to_dict()!r})"
        if isinstance(value, list):
            return f"[{', '.join(map(self._literal, value))}]"
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)

    def _shown(self, variable: str) -> str:
        """The most informative attributes of a row."""
        model = self._model()
        names = [
            column.name
            for column in self._columns.by_weight()
            if column.kind in ("id", "text", "number")
            and column.name.isidentifier()
            and hasattr(model, column.name)
        ]
        return ", ".join(f"{variable}.{name}" for name in names[:_COLUMNS])

    def _model(self) -> Any:
        make = getattr(self._command.call.operation, "model", None)
        return make() if callable(make) else None
