"""Python names for operations, resources and classes, made from paths and names of the API."""

from __future__ import annotations

import hashlib
import keyword
import re

from keyapi._client import AsyncClient, SyncClient

ROOT = "root"
# Members of the clients, which a resource of that name would hide; it is set apart instead.
_CLIENT_MEMBERS = {
    *(name for name in dir(SyncClient) + dir(AsyncClient) if not name.startswith("_")),
    *("base_url", "default_base_url", "raise_on_unexpected_status", "with_options"),
    *("resource", "dict", "float", "int", "list", "object", "str"),
}
_APART = "_resource"
_LONGEST = 60
"""Characters of a name. Files are called by it, with up to half as many underscores, and what file
systems and readers bear ends not far above 100."""
_DIGEST = 8


def name_from_path(path: str) -> tuple[str, str]:
    """Give (resource, operation name) for a path such as `/v1/tiktok/influencer/detail`."""
    segments = [_snake(segment) for segment in path.strip("/").split("/")[1:]]  # without "v1"
    own = segments[1:] or segments  # without the platform
    resource = own[0] if len(segments) >= 3 else ROOT
    if resource in _CLIENT_MEMBERS or keyword.iskeyword(resource):
        resource += _APART
    return resource, bounded("_".join(own))


def method_name(operation_id: str, resource: str) -> str:
    """The Python method of an operation: its name without its resource's."""
    prefix = "" if resource == ROOT else f"{resource.removesuffix(_APART)}_"
    name = operation_id.removeprefix(prefix)
    return f"{name}_" if keyword.iskeyword(name) else name


def bounded(name: str) -> str:
    """A name of at most 60 characters: a longer one ends in a digest of all of it instead."""
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: _LONGEST - _DIGEST - 1].rstrip('_')}_{digest}"


def _snake(text: str) -> str:
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower() or "x"
    return name if name[0].isalpha() else f"v{name}"


def pascal(text: str) -> str:
    """`influencer_product_sort_field` as a class name: `InfluencerProductSortField`."""
    words = re.split(r"[^A-Za-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text))
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"V{name}" if name else ""
