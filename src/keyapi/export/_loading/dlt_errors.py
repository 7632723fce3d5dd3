"""What went wrong in dlt, in one line with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyapi._errors import ConfigurationError, KeyAPIError
from keyapi.export._errors import ExportError
from keyapi.export._loading.loads import first_line

_SHOWN = 5
_SETTINGS = "DESTINATION__"
"""What a setting of a destination begins with; dlt looks for one of the pipeline's own first."""


def explained(error: Exception, destination: str) -> KeyAPIError:
    """Explain an error of dlt.

    Args:
        error: The error.
        destination: The destination that was named.
    """
    from dlt.common.configuration.exceptions import ConfigFieldMissingException
    from dlt.common.destination.exceptions import UnknownDestinationModule
    from dlt.common.exceptions import MissingDependencyException

    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, KeyAPIError):
            return cause
        if isinstance(cause, UnknownDestinationModule):
            return _unknown(destination)
        if isinstance(cause, MissingDependencyException):
            needed = " ".join(f"'{name}'" for name in cause.dependencies)
            return ConfigurationError(
                f"dlt needs more packages for {destination}: pip install {needed}"
            )
        if isinstance(cause, ConfigFieldMissingException):
            return _incomplete(cause.traces, destination)
    return ExportError(
        f"dlt cannot load into {destination}: {first_line(causes[-1])}. Once that is fixed, the "
        "same load begins again, and leaves no row twice"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it, the outermost first."""
    while error is not None:
        yield error
        error = getattr(error, "exception", None) or error.__cause__ or error.__context__


def _unknown(destination: str) -> KeyAPIError:
    import dlt

    names = sorted(
        name for name in dlt.destinations.__all__ if name.islower() and name != "destination"
    )
    return ConfigurationError(
        f"dlt has no destination {destination!r}; it has {', '.join(names)}, and those that its "
        "settings name"
    )


def _incomplete(traces: Any, destination: str) -> KeyAPIError:
    keys = list(_keys(traces))
    listed = ", ".join(keys[:_SHOWN]) + (", …" if len(keys) > _SHOWN else "")
    return ConfigurationError(
        f"dlt lacks settings of {destination}. Give them as environment variables, {listed}, or in "
        ".dlt/secrets.toml in this folder or your home folder"
    )


def _keys(traces: Any) -> Iterator[str]:
    """The environment variables that dlt looked for, the most specific of each setting."""
    for lookups in traces.values():
        for lookup in lookups[:1]:
            if hasattr(lookup, "traces"):  # of a setting that has several parts
                yield from _keys(lookup.traces)
            else:
                yield lookup.key[lookup.key.find(_SETTINGS) :]
