"""What `nox -s frozen` freezes: the sample program and whatever is imported or read by name.

Everything is asked of a sandbox in the same program.
"""

from __future__ import annotations

import os
import sys
from typing import assert_type

import keyapi_tiktok
import sample_program
from keyapi import ConfigurationError
from keyapi._clients import installed, methods
from keyapi.cli import main as command_line
from keyapi.sandbox import Sandbox
from keyapi_tiktok import AsyncTikTok, TikTok
from keyapi_tiktok.api.influencer import influencer_products_analytics

USER = "6813855719982466054"


def main() -> None:
    """Run it."""
    assert getattr(sys, "frozen", False), "this is to be frozen first: nox -s frozen"
    sandbox = Sandbox(TikTok)
    with assert_type(sandbox.client(), TikTok) as tiktok:
        assert_type(sandbox.async_client(AsyncTikTok), AsyncTikTok)
        assert len(tiktok.influencer.products_analytics(user_id=USER)) == 10
    with sandbox.serve() as url:
        os.environ.update(KEYAPI_BASE_URL=url, KEYAPI_TOKEN=sandbox.key)
        sample_program.main()
        with TikTok(contract="raise") as tiktok:
            page = tiktok.influencer.products_analytics(user_id=USER, sort_type="desc")
            low = influencer_products_analytics.sync(
                client=tiktok, user_id=USER, page_num=1, page_size=10
            )
        assert len(page) == 10
        assert low is not None
        assert page.items == low.data, low
        command = ["influencer", "products-analytics", "--user-id", USER, "--limit", "2"]
        assert command_line(command) == 0
        assert command_line(["doctor"]) == 0
    clients = {name: len([*methods(client)]) for name, client in installed().items()}
    print(f"keyapi-tiktok {keyapi_tiktok.__version__}, methods by client: {clients}")
    try:
        TikTok(cache="/dev/null/no-folder")
    except ConfigurationError as error:
        print(f"refused at construction: {error.message}")
    print("frozen: works")


if __name__ == "__main__":
    main()
