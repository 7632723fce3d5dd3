"""One vocabulary of faults: what can be wrong with an answer, and every point where it can be.

The sandbox serves them on a schedule; the contract suite plants them one at a time and must catch
each one.
"""

from __future__ import annotations

from keyapi.sandbox.faults import _rows, _values, _whole
from keyapi.sandbox.faults._fault import Exchange, Fault, Mutant

__all__ = ["FAULTS", "Exchange", "Fault", "Mutant"]

FAULTS = {
    fault.name: fault
    for module in (_whole, _values, _rows)
    for fault in vars(module).values()
    if isinstance(fault, Fault)
}
