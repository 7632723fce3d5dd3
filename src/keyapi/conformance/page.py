"""The report of a contract suite as one HTML page: the verdict, the failures, then the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment

from keyapi.conformance.cause import Cause, Pair, roots
from keyapi.conformance.relations import RELATIONS


@dataclass(frozen=True)
class FailedTest:
    """A test that failed.

    Attributes:
        name: Its name.
        text: What pytest says of it.
        command: Command that runs it again.
        causes: Why it failed.
    """

    name: str
    text: str
    command: str
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True)
class Report:
    """What a page tells.

    Attributes:
        counts: By relation and operation, an object with `checks`, `cases` and `failures`.
        failed: The tests that failed.
        causes: Why, each cause once, the first one first.
        commands: For the title of each a command that reproduces it.
        tests: How many tests ran.
        notes: Lines below the table.
        reasons: By relation and operation, why there is nothing to look at.
        partly: By relation and operation, what cannot be looked at although other things can.
        revision: Word and text of what is known of what was looked at.
        forgotten: Relations and operations that nothing was checked of.
    """

    counts: Mapping[Pair, Any]
    failed: Sequence[FailedTest] = ()
    causes: Sequence[Cause] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    tests: int = 0
    notes: Sequence[str] = ()
    reasons: Mapping[Pair, str] = field(default_factory=dict)
    partly: Mapping[Pair, Sequence[str]] = field(default_factory=dict)
    revision: Sequence[tuple[str, str]] = ()
    forgotten: Sequence[str] = ()


def page(report: Report) -> str:
    """Write the page.

    Args:
        report: What it tells.
    """
    operations = sorted({operation for _, operation in (*report.counts, *report.reasons)})
    template = Environment(autoescape=True, trim_blocks=True).from_string(_HTML)
    first, rest = roots(report.causes)
    return template.render(
        report=report,
        relations=RELATIONS,
        operations=operations,
        broken=bool(report.failed or report.forgotten),
        first=first,
        rest=rest,
    )


_HTML = """{% macro described(cause) %}
<article><h3>{{ cause.title }}{% if cause.times > 1 %} <small>{{ cause.times }} times</small>\
{% endif %}</h3>
<dl>
{% if cause.expected %}<dt>expected</dt><dd class="value"><code>{{ cause.expected }}</code></dd>\
{% endif %}
{% if cause.found %}<dt>found</dt><dd class="value"><code>{{ cause.found }}</code></dd>{% endif %}
{% if cause.also %}<dt>also at</dt><dd>{{ cause.also | join(", ") }}</dd>{% endif %}
{% if cause.case %}<dt>{{ "first in" if cause.times > 1 else "in" }}</dt><dd>{{ cause.case }}</dd>\
{% endif %}
{% if cause.remedy %}<dt>remedy</dt><dd class="value">{{ cause.remedy }}</dd>{% endif %}
</dl>
<pre>{{ report.commands[cause.title] }}{% if cause.curl %}

# or, with `keyapi sandbox` running:
{{ cause.curl }}{% endif %}</pre></article>
{% endmacro %}
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ "Broken" if broken else "Kept" }}: the contract of KeyAPI's client</title>
<style>
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; margin: 1rem auto; max-width: 80rem; padding: 0 1rem;
  color: #1f2328; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.6rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .6rem; }
header { padding: 1rem 1.2rem; border-left: .5rem solid; }
header.good { background: #e6f4ea; border-color: #1a7f37; }
header.bad { background: #fce8e6; border-color: #cf222e; }
header p { margin: .3rem 0 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; margin: .6rem 0 0; }
dt { color: #59636e; } dd { margin: 0; }
article { border: 1px solid #d1d9e0; border-left: .3rem solid #cf222e; padding: .6rem 1rem;
  margin: 0 0 .8rem; }
article h3 { font-size: 1rem; margin: 0; }
article small { color: #59636e; font-weight: 400; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
pre, dd.value { white-space: pre-wrap; }
pre { background: #f6f8fa; padding: .6rem .8rem; margin: .5rem 0 0; }
summary { cursor: pointer; margin: .4rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .8125rem; table-layout: fixed; }
th, td { padding: .35rem .5rem; text-align: right; border-bottom: 1px solid #d1d9e0;
  vertical-align: top; }
th { overflow-wrap: normal; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; font-weight: 600; }
th:first-child { width: 22%; }
td.good { background: #e6f4ea; } td.bad { background: #fce8e6; font-weight: 600; }
td.none { color: #59636e; } td small { font-weight: 400; }
@media (max-width: 60rem) {
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { padding: .6rem 0; }
  td { display: flex; gap: .6rem; justify-content: space-between; border: 0; }
  td:first-child { font-size: 1rem; padding-left: 0; }
  td::before { font-weight: 400; white-space: nowrap; }
{% for relation in relations %}
  td:nth-child({{ loop.index + 1 }})::before { content: "{{ relation | safe }}"; }
{% endfor %}
}
@media (max-width: 32rem) {
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .3rem; }
}
</style>
<header class="{{ "bad" if broken else "good" }}">
{% if report.failed %}
<h1>Broken: {{ first | length }} cause{{ "s" if first | length != 1 }}</h1>
<p>{{ report.failed | length }} of {{ report.tests }} tests failed. First:
<strong>{{ first[0].title if first }}</strong></p>
{% elif report.forgotten %}
<h1>Broken: {{ report.forgotten | length }} forgotten</h1>
<p>All {{ report.tests }} tests passed, but some operations were not looked at.</p>
{% else %}
<h1>Kept</h1>
<p>All {{ report.tests }} tests passed.</p>
{% endif %}
<dl>{% for word, text in report.revision %}<dt>{{ word }}</dt><dd>{{ text }}</dd>{% endfor %}</dl>
</header>
{% if broken %}
<h2>What broke</h2>
{% for cause in first %}{{ described(cause) }}{% endfor %}
{% if rest %}<details><summary>{{ rest | length }} more, which may follow</summary>
{% for cause in rest %}{{ described(cause) }}{% endfor %}</details>{% endif %}
{% for pair in report.forgotten %}
<article><h3>{{ pair }}</h3><p>Nothing was checked: count it, or say why in FACETS.</p></article>
{% endfor %}
{% endif %}
<h2>What was looked at</h2>
<p>Each cell: checks made / in how many cases.</p>
<table><thead><tr><th>operation</th>{% for relation in relations %}<th>{{ relation }}</th>\
{% endfor %}</tr></thead>
<tbody>{% for operation in operations %}<tr><td>{{ operation }}</td>
{% for relation in relations %}{% set reason = report.reasons.get((relation, operation)) %}
{% set count = none if reason else report.counts.get((relation, operation)) %}
{% if count %}<td class="{{ "bad" if count.failures else "good" }}"><span>\
{{ count.checks }} / {{ count.cases }}\
{% if count.failures %}<br>{{ count.failures }} failed{% endif %}
{% for reason in report.partly.get((relation, operation), ()) %}<br><small>– {{ reason }}</small>\
{% endfor %}</span></td>
{% else %}<td class="none">– {{ reason or "" }}</td>{% endif %}\
{% endfor %}</tr>{% endfor %}</tbody></table>
{% for line in report.notes %}<p>{{ line }}</p>{% endfor %}
{% if report.failed %}
<h2>Every test that failed</h2>
{% for test in report.failed %}<details><summary>{{ test.name }}</summary>
<p>Reproduce: <code>{{ test.command }}</code></p><pre>{{ test.text }}</pre></details>
{% endfor %}
{% endif %}
</html>
"""
