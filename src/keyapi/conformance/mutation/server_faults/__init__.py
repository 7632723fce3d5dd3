"""Faults of a server that show only over a walk: by page, by row, by request, by argument.

They are planted by a proxy between client and sandbox, whose answers it changes; see `Proxy`.
"""

from __future__ import annotations

from keyapi.conformance.mutation.server_faults import _answers, _lists, _pages, _rows
from keyapi.conformance.mutation.server_faults._proxy import (
    Passing,
    Proxy,
    ServerFault,
    Spoiler,
)

__all__ = ["SERVER_FAULTS", "Passing", "Proxy", "ServerFault", "Spoiler"]

SERVER_FAULTS = {
    fault.name: fault
    for module in (_lists, _pages, _rows, _answers)
    for fault in vars(module).values()
    if isinstance(fault, ServerFault)
}
"""The faults, by name."""
