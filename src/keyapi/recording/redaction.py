"""Remove API keys from what is written to a file, wherever they occur and however encoded."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[key]"
"""Replaces a key or cookie."""

# Names of headers that carry credentials: `X-Auth-Token`, `Apikey`, `Ocp-Apim-Subscription-Key`.
_SECRET_HEADER = re.compile(
    r"auth|cookie|credential|passw|secret|session|signature|token|(api|access|subscription)-?key",
    re.IGNORECASE,
)
# Of other headers that a program adds, nobody knows what they carry; these are harmless.
_HARMLESS = re.compile(
    r"accept(-.*)?|cache-control|connection|content-.*|date|host|if-.*|keep-alive|origin|pragma|"
    r"range|referer|te|traceparent|transfer-encoding|upgrade|user-agent|via|x-request-id",
    re.IGNORECASE,
)
# KeyAPI's keys are recognised even when they are not in the list of secrets.
_KEY = r"sk_live_[\w-]+"
_LONG = 8
"""Characters from which letters and digits together are no word."""


def secret_of(name: str, value: str) -> str | None:
    """Return the secret in a header, without a scheme such as `Bearer`; None if it has none."""
    if not _SECRET_HEADER.search(name):
        return None
    _scheme, space, credentials = value.partition(" ")
    return credentials if space and "authorization" in name.lower() else value


class Redaction:
    """Hides secrets.

    A secret may be an ordinary word, a number, or something like `v1`: letters alone, or fewer than
    8 letters and digits. It is hidden where it is all of a value, and a number only in headers.

    Args:
        secrets: The keys to hide; anything that looks like a KeyAPI key is hidden, too.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        secrets = {secret for secret in secrets if secret}
        words = {secret for secret in secrets if _is_word(secret)}
        forms = {form for secret in secrets - words for form in _forms(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), _KEY]), re.IGNORECASE)
        self._words = {word for word in words if not word.isdigit()}

    def text(self, text: str) -> str:
        """Hide secrets in a text."""
        return HIDDEN if text in self._words else self._pattern.sub(HIDDEN, text)

    def url(self, url: str) -> str:
        """Hide secrets in a URL."""
        place, mark, query = self._pattern.sub(HIDDEN, url).partition("?")
        parts = (part.partition("=") for part in query.split("&"))
        values = (f"{name}{sign}{self.text(value)}" for name, sign, value in parts)
        return place + mark + "&".join(values)

    def header(self, name: str, value: str, *, is_sent: bool = False) -> str:
        """Hide secrets in a header's value; of a header made to carry one, the whole secret.

        Args:
            name: The header's name.
            value: Its value.
            is_sent: Whether a request has it. One that is not known to be harmless is then hidden.
        """
        secret = secret_of(name, value)
        if secret is not None:
            return self.text(value.removesuffix(secret) + HIDDEN)
        harmless = not is_sent or _HARMLESS.fullmatch(name)
        return self._pattern.sub(HIDDEN, value) if harmless else HIDDEN

    def body(self, content: bytes) -> bytes:
        """Hide secrets in a body, even those concealed by JSON escapes."""
        try:
            text = content.decode()
        except UnicodeDecodeError:  # binary: treat each byte as one character
            return self._pattern.sub(HIDDEN, content.decode("latin-1")).encode("latin-1")
        clean = self._pattern.sub(HIDDEN, text)
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
            return {
                self._pattern.sub(HIDDEN, name): self._value(item) for name, item in value.items()
            }
        return value


def _is_word(secret: str) -> bool:
    return secret.isalpha() or (secret.isalnum() and len(secret) < _LONG)


def _forms(secret: str) -> set[str]:
    """A secret as written in plain text, URLs, JSON and base64."""
    escaped = json.dumps(secret)[1:-1]
    plain = {secret, quote(secret, safe=""), quote_plus(secret), quote(secret), escaped}
    plain.add(secret.encode().decode("latin-1"))  # in headers, and in bodies that are not text
    return {*plain, *_in_base64(secret.encode())}


def _in_base64(secret: bytes) -> Iterator[str]:
    """The characters that a secret alone decides, wherever it begins in what is encoded."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode()
        first, end = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        yield encoded[first:end]
        yield encoded[first:end].translate({ord("+"): "-", ord("/"): "_"})
