"""Pages made to be mistaken for code become a client that works, with every text as published."""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from conftest import Script, run_script, tree
from pipeline.cli import ROOT
from support.pages import markdown, page, query, rows
from support.projects import listing_project

# What each templating language would act on; the last would run a command.
TEXT = (
    "{{ 7*7 }} {% raise x %} {# gone #} ${x} {0} {x!r} {7*7} %s %(x)s \\N{BULLET} \\x41 "
    "{{ cycler.__init__.__globals__.os.system('exit 3') }}"
)
NAMES = [
    *(name for name in keyword.kwlist if name not in dir(builtins)),
    *(name for name in keyword.softkwlist if name not in ("_", "type")),
    *(name for name in dir(builtins) if name[0] != "_"),
    *("__class__", "__init__", "__dict__", "__slots__", "__module__", "__getattr__", "_x", "_"),
    *("self", "cls", "Model", "Any", "annotations", "httpx", "to_dict", "from_dict", "d", "data"),
    *("%s", "$x", "a.b", "@own", "(7*7)", "1", "é", "商品"),
]
HOSTILE = page(
    "/v1/tiktok/evil/list",
    parameters=[query("class", TEXT), query("print", TEXT), query("order", TEXT, "integer")],
    data_schema={
        "type": "array",
        "items": {
            "type": "object",
            "title": "{{ 7*7 }}",
            "description": TEXT,
            "properties": {name: {"type": "string", "description": TEXT} for name in NAMES},
        },
    },
    example=[
        {"class": TEXT, "{{ 8*8 }}": 1, "{% raising %}": {"a": 1}, '"""; exit(3)': 1, "{0}": 2}
    ],
    operation={"summary": TEXT, "description": TEXT},
)
MANY = page(
    "/v1/tiktok/evil/many", data_schema=rows(**{f"property_{n}": "string" for n in range(2_000)})
)

PROGRAM = """
import json, sys, httpx
from keyapi_tiktok import TikTok

row = json.loads(sys.argv[1])
answer = {"code": 0, "message": "success", "data": [row]}
server = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
with TikTok("k", transport=server) as tiktok:
    method, arguments = sys.argv[2], json.loads(sys.argv[3])
    call = getattr(tiktok.evil, method)
    found = call(**arguments)
    print(json.dumps([found[0].to_dict(), type(found[0]).__doc__, call.__doc__]))
"""


@pytest.fixture(scope="module")
def hostile(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the hostile page, made by the scripts alone."""
    project = tmp_path_factory.mktemp("hostile") / "project"
    copytree(pristine, project, symlinks=True)
    (project / "openapi/pages/en/tiktok/hostile.md").write_text(HOSTILE, "utf-8")
    for name in ("vendor.py", "regenerate.py"):
        done = run_script(project, name)
        assert done.returncode == 0, done.stderr
    return project


def answered(
    project: Path, row: dict[str, str], method: str, arguments: dict[str, str]
) -> list[object]:
    """What a method makes of a row: the row again, its docstring, and the method's."""
    path = os.pathsep.join((str(project / "generated"), str(ROOT / "src")))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(row), method, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    result: list[object] = json.loads(done.stdout)
    return result


def test_text_for_templates_and_formats_is_nothing_but_text(hostile: Path) -> None:
    row = {name: f"value of {name}" for name in NAMES}

    same, of_row, of_method = answered(hostile, row, "list", {"class_": "1", "print_": "2"})

    assert same == row
    assert TEXT in " ".join(str(of_row).split())
    assert TEXT in " ".join(str(of_method).split())


@pytest.mark.slow
def test_thousands_of_properties_make_a_client_that_holds_them_all(tmp_path: Path) -> None:
    project = listing_project(tmp_path / "many", {"en/tiktok/many.md": MANY})
    row = {f"property_{n}": str(n) for n in range(2_000)}
    assert answered(project, row, "many", {})[0] == row


def test_generated_code_holds_no_formatted_string_of_a_pages_words(hostile: Path) -> None:
    """What stands in an f-string would be run when the client is."""
    for path in (hostile / "generated").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                assert "7" not in ast.unparse(node), path


def test_a_yaml_tag_runs_nothing_and_is_refused(project: Path, script: Script) -> None:
    tag = "!!python/object/apply:os.system ['touch ran']"
    paths = "{/v1/tiktok/video/detail: {get: {responses: {}}}}"
    text = markdown(f"openapi: 3.0.1\nx-a: {tag}\npaths: {paths}")
    (project / "openapi/pages/en/tagged.md").write_text(text, "utf-8")
    before = tree(project)

    done = script("vendor.py")

    assert done.returncode == 2
    assert "python/object/apply:os.system is not allowed" in done.stderr
    assert tree(project) == before
    assert not (project.parent / "ran").exists()
