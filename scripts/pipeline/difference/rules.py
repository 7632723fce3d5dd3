"""The table of rules: what each kind of difference is called, how serious it is, what it means.

Ids and levels are those of oasdiff 1.31.0 (github.com/oasdiff/oasdiff, checker/rules.go and
bound_rules.go). Since 1.30 it derives levels from one law: a change that narrows what a request may
be, or widens what a response may be, is an ERR; the other way round INFO; what cannot be compared
is an ERR; what the specification does not decide a WARN. The same law gives the levels of schema
changes for which oasdiff has no id; like all own ids, theirs begin with `x-`.

The level speaks of the API. What callers of the *client* lose is expressed by the step: where a
name goes away, the step is major, whatever the level.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.difference.model import Level, Step
from pipeline.difference.schema_ids import Direction
from pipeline.difference.schema_rules import Effect, schema_rows

INFO, WARN, ERR = Level.INFO, Level.WARN, Level.ERR


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    Attributes:
        level: How serious it is.
        meaning: What it means for users of the client; `{…}` stands for the case's own words.
        step: What it asks of the client's next version.
    """

    level: Level
    meaning: str
    step: Step


def _row(level: Level, meaning: str, step: Step | None = None) -> Rule:
    return Rule(level, meaning, step or (Step.MAJOR if level is ERR else Step.PATCH))


def _level(effect: Effect, direction: Direction) -> Level:
    """The law; see the module's docstring."""
    if effect in (Effect.NARROWS, Effect.WIDENS):
        return ERR if (effect is Effect.NARROWS) == (direction == "request") else INFO
    return {Effect.INCOMPARABLE: ERR, Effect.UNKNOWN: WARN}.get(effect, INFO)


_GONE = "`{method}()` is gone; calls of it fail."
MOVED_AWAY = "`{method}()` stays, but moves to {to}; installed clients still use the old address."
MOVED_HERE = "`{method}()` sends its requests to {to} from now on."

_PLAIN: dict[str, Rule] = {
    # paths and operations
    "api-path-removed-without-deprecation": _row(ERR, _GONE),
    "api-path-removed-with-deprecation": _row(INFO, _GONE, Step.MAJOR),
    "api-removed-without-deprecation": _row(ERR, _GONE),
    "api-removed-with-deprecation": _row(INFO, _GONE, Step.MAJOR),
    "endpoint-added": _row(INFO, "`{method}()` is new.", Step.MINOR),
    "api-operation-id-removed": _row(
        INFO, "`{old_method}()` is called `{method}()` now; callers rename it.", Step.MAJOR
    ),
    "api-tag-removed": _row(
        INFO, "`{method}()` is no longer reached through {before}.", Step.MAJOR
    ),
    "api-tag-added": _row(INFO, "`{method}()` is reached through {after}.", Step.MINOR),
    "endpoint-deprecated": _row(INFO, "`{method}()` is deprecated; plan to replace it."),
    "endpoint-reactivated": _row(INFO, "`{method}()` is no longer deprecated."),
    # parameters
    "new-required-request-parameter": _row(
        ERR, "Calls of `{method}()` must pass the new argument `{argument}`."
    ),
    "new-request-path-parameter": _row(
        ERR, "Calls of `{method}()` must pass the new argument `{argument}`."
    ),
    "new-optional-request-parameter": _row(
        INFO, "`{method}()` takes the new argument `{argument}`.", Step.MINOR
    ),
    "request-parameter-removed": _row(
        WARN,
        "`{method}()` no longer takes the argument `{argument}`; passing it is a `TypeError`.",
        Step.MAJOR,
    ),
    "request-parameter-removed-with-deprecation": _row(
        INFO,
        "`{method}()` no longer takes the deprecated argument `{argument}`.",
        Step.MAJOR,
    ),
    "x-request-parameter-renamed": _row(
        ERR,
        "The argument `{old_argument}` of `{method}()` is called `{argument}` now; the API "
        "reportedly ignores names it does not know, so an installed client sends it in vain.",
    ),
    "request-parameter-became-required": _row(
        ERR, "Calls of `{method}()` must pass `{argument}`, which they could leave out."
    ),
    "request-parameter-became-optional": _row(
        INFO, "Calls of `{method}()` may leave out `{argument}`.", Step.MINOR
    ),
    "request-parameter-deprecated": _row(
        INFO, "The argument `{argument}` of `{method}()` is deprecated."
    ),
    "request-parameter-reactivated": _row(
        INFO, "The argument `{argument}` of `{method}()` is no longer deprecated."
    ),
    "x-request-parameter-serialization-changed": _row(
        ERR, "`{argument}` of `{method}()` is written into the URL in another way."
    ),
    # request bodies
    "request-body-added-required": _row(ERR, "Calls of `{method}()` must send a body."),
    "request-body-added-optional": _row(INFO, "`{method}()` can send a body.", Step.MINOR),
    "request-body-removed": _row(
        ERR, "`{method}()` sends no body; the arguments that went into it are gone."
    ),
    "request-body-became-required": _row(ERR, "Calls of `{method}()` must send a body."),
    "request-body-became-optional": _row(INFO, "Calls of `{method}()` may leave out the body."),
    "request-body-media-type-added": _row(INFO, "`{method}()` may send its body as {after}."),
    "request-body-media-type-removed": _row(
        ERR, "The body of `{method}()` is no longer taken as {before}."
    ),
    "request-body-media-type-schema-added": _row(
        ERR, "The body of `{method}()` has a form that is described now."
    ),
    "request-body-media-type-schema-removed": _row(
        INFO, "The body of `{method}()` is no longer described."
    ),
    # responses
    "response-success-status-removed": _row(
        ERR, "`{method}()` is no longer documented to succeed with HTTP {before}."
    ),
    "response-success-status-added": _row(INFO, "`{method}()` may also succeed with HTTP {after}."),
    "response-non-success-status-removed": _row(
        INFO, "`{method}()` is no longer documented to fail with HTTP {before}."
    ),
    "response-non-success-status-added": _row(
        INFO, "`{method}()` may fail with HTTP {after}, which raises a `KeyAPIError`."
    ),
    "response-media-type-removed": _row(
        ERR,
        "HTTP {status} of `{method}()` no longer comes as {before}; "
        "what is not JSON raises `InvalidResponse`.",
    ),
    "response-media-type-added": _row(INFO, "HTTP {status} of `{method}()` may come as {after}."),
    "response-body-media-type-schema-added": _row(
        INFO, "HTTP {status} of `{method}()` is described now.", Step.MINOR
    ),
    "response-body-media-type-schema-removed": _row(
        ERR, "HTTP {status} of `{method}()` is no longer described; its data is untyped."
    ),
    # security, servers
    "api-security-removed": _row(ERR, "`{method}()` no longer takes a key as {before}."),
    "api-security-added": _row(INFO, "`{method}()` also takes a key as {after}."),
    "x-security-now-required": _row(
        ERR, "`{method}()` needs a key now; installed clients send theirs with every call already."
    ),
    "api-security-scope-added": _row(ERR, "`{method}()` needs a key with the scope {after}."),
    "api-security-scope-removed": _row(INFO, "`{method}()` no longer needs the scope {before}."),
    "api-global-security-removed": _row(ERR, "The API no longer takes a key as {before}."),
    "api-global-security-added": _row(INFO, "The API also takes a key as {after}."),
    "api-global-security-scope-added": _row(ERR, "Keys need the scope {after}."),
    "api-global-security-scope-removed": _row(INFO, "Keys no longer need the scope {before}."),
    "api-security-component-removed": _row(INFO, "The security scheme {before} is gone."),
    "api-security-component-added": _row(INFO, "There is a security scheme {after}."),
    "api-security-component-type-changed": _row(
        INFO, "Keys are given as {after}, no longer as {before}: check how the client sends them."
    ),
    "x-security-scheme-changed": _row(
        WARN, "A security scheme changed: check how the client sends its key."
    ),
    "x-server-changed": _row(
        ERR, "Clients without a `base_url` use {after}; installed ones keep using {before}."
    ),
    "x-server-added": _row(INFO, "{after} can be given as `base_url`."),
    "x-server-removed": _row(ERR, "{before} is no longer named as a server."),
    # what was understood of the pages (x-keyapi)
    "x-credits-increased": _row(
        WARN, "A call of `{method}()` costs {after} credits, no longer {before}: check budgets."
    ),
    "x-credits-decreased": _row(
        INFO, "A call of `{method}()` costs {after} credits, no longer {before}."
    ),
    "x-credits-unknown": _row(
        WARN, "What a call of `{method}()` costs is no longer known; 1 credit is assumed."
    ),
    "x-credits-known": _row(INFO, "A call of `{method}()` is known to cost {after} credits."),
    "x-paging-added": _row(
        ERR, "`{method}()` returns a `Page` now, and there is an iterating method besides."
    ),
    "x-paging-removed": _row(
        ERR, "`{method}()` no longer returns a `Page`, and its iterating method is gone."
    ),
    "x-paging-changed": _row(ERR, "`{method}()` walks its pages in another way."),
    "x-page-size-max-changed": _row(
        WARN, "`{method}()` asks for {after} rows a page where `page_size` is left out."
    ),
    "x-items-changed": _row(ERR, "`{method}()` finds its rows in another place of the answer."),
    "x-sort-changed": _row(
        INFO, "Which arguments sort the rows of `{method}()` is understood otherwise."
    ),
    "x-filters-changed": _row(
        INFO, "Which arguments filter the rows of `{method}()` is understood otherwise."
    ),
    "x-echoes-changed": _row(
        INFO, "Which arguments the rows of `{method}()` repeat is understood otherwise."
    ),
    "x-ids-changed": _row(
        INFO, "Which lists of ids choose the rows of `{method}()` is understood otherwise."
    ),
    "x-identity-changed": _row(
        WARN, "What tells the rows of `{method}()` apart is {after}: loads merge by it."
    ),
    "x-accessor-added": _row(INFO, "{subject} has the decoded accessor {after}.", Step.MINOR),
    "x-accessor-removed": _row(ERR, "{subject} no longer has the decoded accessor {before}."),
    "x-accessor-changed": _row(WARN, "The decoded accessor of {subject} reads text differently."),
    # models and enums
    "api-schema-removed": _row(INFO, "The class {before} is gone.", Step.MAJOR),
    "x-schema-added": _row(INFO, "The class {after} is new.", Step.MINOR),
    "x-unused-schema-changed": _row(INFO, "No method reaches it; nothing changes for callers."),
    "x-broken-reference": _row(
        ERR, "{subject} refers to {after}, which does not exist: no client can be generated."
    ),
    "x-reference-changed": _row(
        WARN, "{subject} is described elsewhere; its class may be another.", Step.MAJOR
    ),
    "x-enum-member-renamed": _row(
        ERR, "The member `{old_member}` of {subject} is called `{member}` now."
    ),
    # what callers only read
    "x-description-changed": _row(INFO, "Only words changed; nothing changes for callers."),
    "x-example-changed": _row(INFO, "Only the documented example changed."),
    "x-example-invalid": _row(
        WARN, "The documented example does not fit its schema: one of the two is wrong."
    ),
    "x-info-changed": _row(INFO, "Only the document's own title, version or tags changed."),
    "x-order-changed": _row(INFO, "Only the order changed; nothing changes for callers."),
    # whatever no rule knows
    "x-unexplained": _row(WARN, "No rule explains this; check it before you release."),
}
RULES: dict[str, Rule] = {
    **_PLAIN,
    **{
        row.id: _row(_level(row.effect, row.direction), row.meaning, row.step)
        for row in schema_rows()
    },
}
"""Every rule, by id."""
