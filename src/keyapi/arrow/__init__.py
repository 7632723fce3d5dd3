"""Rows as Arrow: the schema of an operation's rows, and tables of rows.

It comes with `pip install 'keyapi-tiktok[arrow]'`. Pages and iterators are tables by themselves:
`page.to_arrow()`, `polars.DataFrame(page)`.
"""

from __future__ import annotations

from keyapi._extras import extra

with extra("arrow", "keyapi.arrow"):
    from keyapi.arrow._rows import RowSchema
    from keyapi.arrow._tables import of_model, of_package, table

__all__ = ("RowSchema", "of_model", "of_package", "table")
