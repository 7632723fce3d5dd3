"""How an operation pages, by the names of its parameters."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.shape.draft import Operation

# Names are compared without case and underscores. Evidence: page_num/page_size on most pages,
# text-typed page/limit on others, `offset` in and `max_cursor` or `min_time` out on feeds.
_PAGE = ("pagenum", "page", "pageno", "pagenumber", "currentpage")
_SIZE = ("pagesize", "limit", "size", "perpage", "pagelimit", "count")
_CURSOR = ("offset", "cursor", "maxcursor", "mincursor", "mintime", "nextcursor", "pagetoken")


@dataclass(frozen=True)
class PagingNames:
    """Wire names of the paging parameters, None where the operation has none."""

    page: str | None = None
    size: str | None = None
    cursor: str | None = None


def paging_names(operation: Operation) -> PagingNames:
    """Find an operation's paging parameters by their names."""
    names = [parameter["name"] for _, parameter, _ in operation.parameters()]
    names += list((operation.body_schema() or {}).get("properties", {}))
    page = _first(names, _PAGE)
    cursor = _first(names, _CURSOR) if page is None else None
    size = _first(names, _SIZE) if page or cursor else None
    return PagingNames(page, size, cursor)


def _first(names: list[str], wanted: tuple[str, ...]) -> str | None:
    plain = {name.replace("_", "").replace("-", "").lower(): name for name in reversed(names)}
    return next((plain[name] for name in wanted if name in plain), None)
