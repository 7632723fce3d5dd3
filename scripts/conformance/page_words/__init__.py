"""A second, dumber reader of the pages: what they say, and the specification does not; and back.

It reads a page without the rules of `pipeline.shape`, of which it imports nothing. Every number,
name, label, type and text of the page must be found in the effective specification, at the same
place, and everything that the specification adds must be found on the page. What is not is a
`Statement`. The committed ones are listed in `openapi/not-understood.yaml`: see `listing`.
"""

from conformance.page_words._compare import page_statements
from conformance.page_words._overlay import overlay_statements
from conformance.page_words._page import PageText, read_page_text, split_page
from conformance.page_words._statement import Statement

__all__ = [
    "PageText",
    "Statement",
    "overlay_statements",
    "page_statements",
    "read_page_text",
    "split_page",
]
