"""Remove API keys from what is written to a file, wherever they occur and however encoded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[key]"
"""Replaces a key or cookie."""

_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key"}
)
# KeyAPI's keys are recognised even when they are not in the list of secrets.
_KEY = r"sk_live_[\w-]+"


def secret_of(name: str, value: str) -> str | None:
    """Return the secret in a header, without a scheme such as `Bearer`; None if it has none."""
    if name.lower() not in _SECRET_HEADERS:
        return None
    _scheme, space, credentials = value.partition(" ")
    return credentials if space and "authorization" in name.lower() else value


class Redaction:
    """Hides secrets.

    Args:
        secrets: The keys to hide; anything that looks like a KeyAPI key is hidden, too.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), _KEY]), re.IGNORECASE)

    def text(self, text: str) -> str:
        """Hide secrets in a text."""
        return self._pattern.sub(HIDDEN, text)

    def header(self, name: str, value: str) -> str:
        """Hide secrets in a header's value; of a header made to carry one, the whole secret."""
        secret = secret_of(name, value)
        return self.text(value if secret is None else value.removesuffix(secret) + HIDDEN)

    def body(self, content: bytes) -> bytes:
        """Hide secrets in a body, even those concealed by JSON escapes."""
        try:
            text = content.decode()
        except UnicodeDecodeError:  # binary: treat each byte as one character
            return self.text(content.decode("latin-1")).encode("latin-1")
        clean = self.text(text)
        try:
            bare = self._value(json.loads(text))
            if json.loads(clean) == bare:
                return clean.encode()
        except (ValueError, RecursionError):
            return clean.encode()
        return json.dumps(bare, ensure_ascii=False).encode()

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self._value(item) for name, item in value.items()}
        return value


def _forms(secret: str) -> set[str]:
    """A secret as written in plain text, URLs and JSON."""
    escaped = json.dumps(secret)[1:-1]
    return {secret, quote(secret, safe=""), quote_plus(secret), quote(secret), escaped}
