"""One vocabulary of faults: what can be wrong with an answer, and every place where it can be.

The sandbox serves them, singly or by a schedule; the contract suite plants them one at a time and
must notice each.
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
