"""A user's program, as the README shows it; type checkers read it, and tests run it."""

from keyapi_tiktok import InfluencerProductSortField, SortType, TikTok


def main() -> None:
    """Print a creator's best-selling products."""
    with TikTok() as tiktok:
        page = tiktok.influencer.products_analytics(user_id="6813855719982466054")
        print(f"{len(page)} products on the first page, {page.credits} credit")
        for product in tiktok.influencer.iter_products_analytics(
            user_id="6813855719982466054",
            influencer_product_sort_field=InfluencerProductSortField.TOTAL_SALE_GMV_AMT,
            sort_type=SortType.DESC,
            limit=200,
        ):
            print(product.product_name, product.total_sale_gmv_amt, product.covers[0].url)


if __name__ == "__main__":
    main()
