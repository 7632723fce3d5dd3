"""A page's samples of code, which say once more what its block says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.page_words._page import PageText
from conformance.page_words._statement import DIFFERENT, Statement

_ADDRESS = re.compile(r"https?://[^\s'\"`\\\\?#]+")
_METHOD = re.compile(
    r"(?:--request\s+|-X\s*|\bmethod:\s*['\"]|\b(?:requests|axios|httpx|http|client)\.)"
    r"(get|put|post|delete|patch)\b",
    re.I,
)
_PARAMETER = re.compile(r"\\{[^{}]*\\}")


def samples_differ(page: PageText, *, has_key: bool) -> Iterator[Statement]:
    """Compare the samples of code with the block of their page.

    Args:
        page: The page.
        has_key: Whether a request needs the header of the key.
    """
    item = page.document.get("paths", {}).get(page.path, {})
    samples = item.get(page.method, {}).get("x-codeSamples")
    servers = [str(one.get("url")).rstrip("/") for one in page.document.get("servers") or ()]
    addresses = [_PARAMETER.sub("[^/]+", re.escape(f"{url}{page.path}")) for url in servers]
    for sample in samples if isinstance(samples, list) else ():
        source = str(sample.get("source", ""))
        what = f"the sample for {sample.get('label') or sample.get('lang')}"
        for address in _ADDRESS.findall(source):
            if not any(re.fullmatch(each, address) for each in addresses):
                yield Statement(DIFFERENT, f'{what} calls "{address}", the block does not', "")
        for method in _METHOD.findall(source):
            if method.lower() != page.method:
                yield Statement(DIFFERENT, f"{what} sends {method.upper()}", "")
        if has_key and source and "authorization" not in source.lower():
            yield Statement(DIFFERENT, f"{what} sends no key, the block says otherwise", "")
