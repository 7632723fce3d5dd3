"""Answers of all kinds, with all that is wrong with each, written down by a person.

A specification that no page has says each thing once that one may say of an answer. The committed
pages use some of that only, and those of tomorrow other things.
"""

from keyapi.conformance.relations._contract.judged._bytes import BYTES, HEADERS
from keyapi.conformance.relations._contract.judged._case import Judged
from keyapi.conformance.relations._contract.judged._document import DOCUMENT, LISTED, NOTED, OPEN
from keyapi.conformance.relations._contract.judged._large import LARGE
from keyapi.conformance.relations._contract.judged._meaning import MEANING
from keyapi.conformance.relations._contract.judged._schemas import SCHEMAS, STATUSES

__all__ = ["DOCUMENT", "JUDGED", "LISTED", "NOTED", "OPEN", "SCHEMAS", "Judged"]

JUDGED = (*SCHEMAS, *STATUSES, *BYTES, *HEADERS, *MEANING, *LARGE)
"""The answers."""
