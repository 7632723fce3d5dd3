"""The commands that the documents show exist, and so do their options."""

from __future__ import annotations

import ast
import io
import re
import runpy
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from functools import cache

import pytest

from keyapi.cli.app import build
from support.documents import ROOT, Block, blocks, commands

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SHELL = list(blocks("sh"))


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_exist(block: Block) -> None:
    for program, *arguments in commands(block.code):
        CHECKS[program](arguments)


def _keyapi(arguments: list[str]) -> None:
    build(arguments).parse_args(arguments, print_error=False, exit_on_error=False)


def _pip(arguments: list[str]) -> None:
    action, *rest = arguments
    assert action == "install"
    while rest:
        word = rest.pop(0)
        if word == "--group":
            assert rest.pop(0) in PROJECT["dependency-groups"]
        else:
            match = re.fullmatch(r"-e|nox|polars|\.(?:\[([\w,]+)\])?", word)
            assert match, word
            extras = set((match[1] or "all").split(","))
            assert extras <= PROJECT["project"]["optional-dependencies"].keys()


def _nox(arguments: list[str]) -> None:
    if arguments in ([], ["-l"]):
        return
    option, session, *rest = arguments
    assert option == "-s"
    _check_options(_scripts_of(session), rest)


def _python(arguments: list[str]) -> None:
    if arguments[:2] == ["-m", "pytest"]:
        assert (ROOT / arguments[2]).exists()
    else:
        script, *rest = arguments
        # What update does not list itself, it hands on.
        _check_options([script], rest)


def _check_options(scripts: list[str], arguments: list[str]) -> None:
    for option in (word for word in arguments if re.match(r"--\w", word)):
        texts = (_help(script) for script in scripts)
        assert any(re.search(rf"{option}\b", text) for text in texts), option


@cache
def _sessions() -> dict[str, str]:
    """The source of each session, by name."""
    source = (ROOT / "noxfile.py").read_text("utf-8")
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return {
        node.name: ast.unparse(node)
        for node in functions
        if any(
            re.match(r"nox\.session|in_dev", ast.unparse(decorator))
            for decorator in node.decorator_list
        )
    }


def _scripts_of(session: str) -> list[str]:
    """What a session hands its arguments to."""
    source = _sessions()[session]
    found = re.findall(r"scripts/\w+\.py|conformance\.live|support\.scale", source)
    found += ["keyapi contract"] if "'keyapi', 'contract'" in source else []
    found += ["tests/contract"] if "tests/contract" in source else []
    found += ["scripts/vendor.py"] if "scripts/update.py" in found else []
    return found


@cache
def _help(script: str) -> str:
    """What a script says of its options."""
    if script == "tests/contract":
        command = [sys.executable, "-m", "pytest", script, "--help"]
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    # In this process, which has imported already what most of them import.
    program, *words = script.split()
    out, code = io.StringIO(), None
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.setattr(sys, "argv", [program, *words, "--help"])
        try:
            if program.endswith(".py"):
                runpy.run_path(str(ROOT / program), run_name="__main__")
            else:
                runpy.run_module(program, run_name="__main__")
        except SystemExit as ended:
            code = ended.code
    assert not code
    return out.getvalue()


def _anything(arguments: list[str]) -> None:
    assert arguments


CHECKS = {
    "export": _anything,
    "git": _anything,
    "keyapi": _keyapi,
    "nox": _nox,
    "pip": _pip,
    "python": _python,
}
