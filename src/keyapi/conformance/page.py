"""The report of a contract suite as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment

from keyapi.conformance.relations import RELATIONS


def page(
    counts: Mapping[tuple[str, str], Any],
    failed: Sequence[tuple[str, str, str]],
    notes: Sequence[str],
    reasons: Mapping[tuple[str, str], str] | None = None,
    partly: Mapping[tuple[str, str], Sequence[str]] | None = None,
) -> str:
    """Write the page.

    Args:
        counts: By relation and operation, an object with `checks`, `cases` and `failures`.
        failed: Name, text and command to reproduce of each test that failed.
        notes: Lines below the table.
        reasons: By relation and operation, why there is nothing to look at.
        partly: By relation and operation, what cannot be looked at although other things can.
    """
    reasons, partly = reasons or {}, partly or {}
    operations = sorted({operation for _, operation in (*counts, *reasons)})
    template = Environment(autoescape=True).from_string(_HTML)
    return template.render(
        counts=counts,
        relations=RELATIONS,
        operations=operations,
        failed=failed,
        notes=notes,
        reasons=reasons,
        partly=partly,
    )


_HTML = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Contract of KeyAPI's client</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4rem .8rem; text-align: right; border-bottom: 1px solid #ccc; }
th:first-child, td:first-child { text-align: left; }
td.good { background: #e6f4ea; } td.bad { background: #fce8e6; font-weight: 600; }
td.none { color: #767676; } pre { overflow-x: auto; background: #f6f6f6; padding: 1rem; }
</style>
<h1>Contract</h1>
<p>{{ "Broken" if failed else "Kept" }}: {{ failed | length }} of the tests failed.
Each cell: checks made, in how many cases.</p>
<table><tr><th>operation</th>{% for relation in relations %}<th>{{ relation }}</th>{% endfor %}</tr>
{% for operation in operations %}<tr><td>{{ operation }}</td>
{% for relation in relations %}{% set reason = reasons.get((relation, operation)) %}
{% set count = none if reason else counts.get((relation, operation)) %}
{% if count %}<td class="{{ "bad" if count.failures else "good" }}">
{{ count.checks }} / {{ count.cases }}
{% if count.failures %}<br>{{ count.failures }} failed{% endif %}
{% for reason in partly.get((relation, operation), ()) %}<br><small>– {{ reason }}</small>\
{% endfor %}</td>
{% else %}<td class="none">– {{ reason or "" }}</td>{% endif %}{% endfor %}</tr>{% endfor %}</table>
{% for line in notes %}<p>{{ line }}</p>{% endfor %}
{% for name, text, command in failed %}<h2>{{ name }}</h2><pre>{{ text }}</pre>
<p>Reproduce: <code>{{ command }}</code></p>{% endfor %}
</html>
"""
