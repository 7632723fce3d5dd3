"""Ordinary changes of the published pages; `support.changes` makes each and updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from support.page_edits import (
    Edit,
    answered,
    at_path,
    becomes_object,
    described,
    error_removed,
    example_changed,
    list_nullable,
    operation_changed,
    parameter_added,
    parameter_changed,
    parameter_removed,
    property_removed,
    row_changed,
    served_from,
    several,
    without_example,
)
from support.pages import EXAMPLE, REAL_NAME, page, query

SHAPES = EXAMPLE / "openapi/pages/en/tiktok"


@dataclass(frozen=True)
class Change:
    """A change of the published pages.

    Attributes:
        name: What it is called.
        edit: What changes in the published page's specification block.
        says: What the update's summary must say, each somewhere.
        credits: What the page says that a request costs; None for nothing.
        added: Pages that are published beside it: text by URL path.
        decide: Edits the text of the overlay, where the update must stop first; None where it
            must not.
        renamed: The published page's new address, or None.
        pruned: Whether the added pages are withdrawn again, and dropped with --prune.
        every_test: Whether every test runs, not only those that the update runs.
    """

    name: str
    edit: Edit = lambda document: None
    says: tuple[str, ...] = ()
    credits: int | None = 1
    added: tuple[tuple[str, str], ...] = ()
    decide: Callable[[str], str] | None = None
    renamed: str | None = None
    pruned: bool = False
    every_test: bool = False


# --- What a person decides, where a correction no longer fits ---------------------------------


def overlay_edited(*replacements: tuple[str, str]) -> Callable[[str], str]:
    """Replace text in the overlay."""

    def edit(overlay: str) -> str:
        for old, new in replacements:
            if old not in overlay:
                raise ValueError(f"the overlay no longer says {old!r}: adapt the change")
            overlay = overlay.replace(old, new)
        return overlay

    return edit


def shape(name: str) -> tuple[str, str]:
    """One of the example's pages, to be published beside the real one."""
    return f"/en/tiktok/{name}", (SHAPES / name).read_text("utf-8")


def _sharing(kind: str) -> tuple[str, str]:
    """A page that shares a component with the others of this kind."""
    author = {"type": "object", "properties": {"author_id": {"type": "string"}}}
    data = {"type": "object", "properties": {"author": {"$ref": "#/components/schemas/Author"}}}
    text = page(
        f"/v1/tiktok/{kind}/author",
        parameters=[query(f"{kind}_id", "Id", required=True)],
        data_schema=data,
        example={"author": {"author_id": "1"}},
        extra={"components": {"schemas": {"Author": author}}},
    )
    return f"/en/tiktok/{kind}/author.md", text


SORTS = "influencer_product_sort_field"
LAST = " 5=total_video_sale_gmv_amt"
TWENTY = described("page_size", "is 10.", "is 20.")
TWENTY_CORRECTED = overlay_edited(
    ("maximum number of pages is 10", "maximum number of pages is 20"),
    ("Rows per page, at most 10", "Rows per page, at most 20"),
)
SIXTH_SORT = described(SORTS, LAST, f"{LAST} 6=total_live_sale_gmv_amt")
BRAND_ASKED = parameter_added("brand", "Brand of the product")
BRAND_SHOWN = row_changed("brand", type="string")
COUNT_AS_TEXT = row_changed("total_video_cnt", type="string")
NAME_NULLABLE = row_changed("product_name", nullable=True)
ANOTHER = example_changed(product_id="1729383941730700000", product_name="Another Brush")
EUROPE = served_from("https://eu.keyapi.ai")
TO_EUROPE = overlay_edited(("- https://api.keyapi.ai", "- https://eu.keyapi.ai"))
EUROPE_KNOWN = overlay_edited(
    ("- https://api.keyapi.ai", "- https://api.keyapi.ai\n- https://eu.keyapi.ai")
)
EUROPE_FIRST = overlay_edited(
    ("- https://api.keyapi.ai", "- https://eu.keyapi.ai\n- https://api.keyapi.ai")
)
NEW_NAME = "en/tiktok/influencer/products.md"
OTHER_SHAPES = tuple(
    f"{path.parent.name}/{path.name}"
    for path in sorted(SHAPES.glob("*/*.md"))
    if f"en/tiktok/{path.parent.name}/{path.name}" != REAL_NAME
)

_FEW = (
    Change("price", credits=2, says=("x-credits-increased", "No call breaks")),
    Change("price-unknown", credits=None, says=("x-credits-unknown", "No call breaks")),
    Change(
        "page-size",
        TWENTY,
        decide=TWENTY_CORRECTED,
        says=("request-parameter-max-increased", "No call breaks", "Corrections of what changed"),
    ),
    Change("sort-field-added", SIXTH_SORT, says=("It adds", "TOTAL_LIVE_SALE_GMV_AMT: new")),
    Change("sort-field-removed", described(SORTS, LAST, ""), says=("It breaks callers",)),
    Change(
        "sort-removed", parameter_removed(SORTS, "sort_type"), says=("request-parameter-removed",)
    ),
    Change(
        "enum-member-added",
        described("sort_type", "1=desc", "1=desc 2=shuffled"),
        says=("It adds", "SHUFFLED: new"),
    ),
    Change(
        "odd-labels",
        described("sort_type", "1=desc", "1=desc 2=most-viewed (7d) 3=\u9500\u91cf"),
        says=("It adds", "MOST_VIEWED: new", "VALUE_3: new"),
    ),
    Change("parameter-added", BRAND_ASKED, says=("It adds", "new argument `brand`")),
    Change(
        "required-parameter-added",
        parameter_added("region", "Region code", required=True),
        says=("It breaks callers", "new-required-request-parameter"),
    ),
    Change("property-added", BRAND_SHOWN, says=("It adds", "InfluencerProduct.brand: new")),
    Change("property-removed", property_removed("total_live_cnt"), says=("It breaks callers",)),
    Change("property-retyped", COUNT_AS_TEXT, says=("It breaks callers",)),
    Change(
        "property-becomes-object",
        becomes_object,
        says=("It breaks callers", "response-property-type-changed"),
    ),
    Change("property-nullable", NAME_NULLABLE, says=("response-property-became-nullable",)),
    Change("list-nullable", list_nullable, says=("response-property-became-nullable",)),
    Change("error-added", answered("404", "no such creator"), says=("may fail with HTTP `404`",)),
    Change("error-removed", error_removed("401"), says=("no longer documented to fail",)),
    Change("example", ANOTHER, says=("x-example-changed", "Callers notice little")),
    Change("without-example", without_example, says=("x-accessor-removed", "It breaks callers")),
    Change("renamed", renamed=NEW_NAME, says=("the same page, from elsewhere", NEW_NAME)),
    Change("servers", EUROPE, decide=TO_EUROPE, says=("It breaks callers", "https://eu.keyapi.ai")),
    Change(
        "another-server",
        served_from("https://api.keyapi.ai", "https://eu.keyapi.ai"),
        decide=EUROPE_KNOWN,
    ),
    Change(
        "another-path",
        at_path("/v1/tiktok/creator/products"),
        decide=overlay_edited(("tiktok/influencer/products/analytics", "tiktok/creator/products")),
        says=("It breaks callers",),
    ),
    Change(
        "summary",
        operation_changed(summary="Products of an Influencer"),
        says=("Only words changed", "Callers notice little"),
    ),
    Change(
        "reworded",
        parameter_changed("user_id", description="The creator's user ID, a numeric string"),
        says=("Only words changed", "Callers notice little"),
    ),
    Change(
        "corrected-text-reworded",
        described("page_size", "The maximum", "Maximum"),
        decide=overlay_edited(
            ("The maximum number of pages is 10.", "Maximum number of pages is 10.")
        ),
        says=("Corrections of what changed",),
    ),
)
_ADDED = (
    *(
        Change(
            f"added-{name.removesuffix('.md').replace('/', '-')}",
            added=(shape(name),),
            says=("It adds", "endpoint-added"),
        )
        for name in OTHER_SHAPES
    ),
    Change("added-two-that-share", added=(_sharing("video"), _sharing("live")), says=("It adds",)),
    Change(
        "added-in-another-folder",
        added=(("/fr/pages/videos/author.md", _sharing("video")[1]),),
        says=("It adds", "`fr/pages/videos/author.md`: added"),
    ),
    Change("pruned", added=(shape("shop/detail.md"),), pruned=True, says=("dropped",)),
)
_TOGETHER = Change(
    "together",
    several(
        *(TWENTY, SIXTH_SORT, BRAND_ASKED, BRAND_SHOWN, COUNT_AS_TEXT, NAME_NULLABLE, ANOTHER),
        EUROPE,
    ),
    credits=2,
    added=tuple(map(shape, OTHER_SHAPES)),
    # The other pages still name the old server.
    decide=lambda overlay: EUROPE_FIRST(TWENTY_CORRECTED(overlay)),
    renamed=NEW_NAME,
    every_test=True,
)
CHANGES = (*_FEW, *_ADDED, _TOGETHER)
