"""Recording: no key and no cookie is written, wherever it stands and however it is spelt.

What is expected is worded after `docs/recordings.md`: "Keys and cookies are removed from headers,
URLs and bodies before anything is written."
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, quote_plus

from keyapi.conformance.relations._recordings.replaying import Look
from keyapi.recording.har import written
from keyapi.recording.model import RecordedCall, Recording, redacted

_HIDDEN = "[key]"
_VALUE = "plain-value-4711"
_CARRYING = (
    *("Authorization", "Proxy-Authorization", "Cookie", "X-Auth-Token", "Apikey", "X-API-Key"),
    *("Ocp-Apim-Subscription-Key", "X-Amz-Security-Token", "X-Session-Id", "X-Access-Key"),
    *("X-Credential", "X-Password", "X-Signature", "Client-Secret"),
)
"""Headers that carry a secret, in a request and in an answer."""
_UNKNOWN = ("X-Tenant", "X-Unheard-Of", "Accepted", "My-Origin", "Dates")
"""Headers of a request of which nobody knows what they carry."""
_HARMLESS = (
    *("Accept", "Accept-Language", "Cache-Control", "Connection", "Content-Type", "Content-Md5"),
    *("Date", "Host", "If-None-Match", "Keep-Alive", "Origin", "Pragma", "Range", "Referer", "TE"),
    *("Traceparent", "Transfer-Encoding", "Upgrade", "User-Agent", "Via", "X-Request-Id"),
)
_KEYS = ('a/b"c d?', "a\\b-long", "k-3-y", "caf\xe9-key", "live-4711-secret+/?")
"""Keys, each with something that URLs, JSON or base64 write in another way."""


def headers_hidden(recording: Recording) -> Iterator[Look]:
    """Headers that carry secrets are hidden, and those of a request that may; others are kept."""
    kept = replace(recording, content=b"")
    for names, sent, received in ((_CARRYING, _HIDDEN, _HIDDEN), (_UNKNOWN, _HIDDEN, _VALUE)):
        for name in names:
            yield from _header(kept, name, sent, received)
    for name in _HARMLESS:
        yield from _header(kept, name, _VALUE, _VALUE)
    for scheme in ("Bearer", "Basic"):
        pair = (("authorization", f"{scheme} {_VALUE}"),)
        found = redacted(replace(kept, request_headers=pair), []).request_headers
        yield f"authorization, {scheme}", (("authorization", f"{scheme} {_HIDDEN}"),), found
    cookie = (("set-cookie", f"a={_VALUE} of; Path=/"),)
    found = redacted(replace(kept, headers=cookie), []).headers
    yield "set-cookie", (("set-cookie", _HIDDEN),), found


def _header(recording: Recording, name: str, sent: str, received: str) -> Iterator[Look]:
    pair = ((name, _VALUE),)
    found = redacted(replace(recording, request_headers=pair, headers=pair), [])
    yield f"{name} of a request", ((name, sent),), found.request_headers
    yield f"{name} of an answer", ((name, received),), found.headers


def spellings_hidden(recording: Recording) -> Iterator[Look]:
    """A key of a header is hidden in URL, bodies and arguments, as each of them writes it."""
    for key in _KEYS:
        escaped = json.dumps(key)[1:-1]
        texts = {quote(key), quote(key, safe=""), quote_plus(key), key.upper()}
        bodies = [json.dumps({"is": [f"a {key} b"]}), f"<b>{key}</b>", escaped]
        content = json.dumps({"is": key, f"of {key}": [key, 7, None]}).replace("/", "\\/")
        made = replace(
            recording,
            url=f"https://host.example/{quote(key, safe='')}?"
            + "&".join(
                f"n{number}={text}" for number, text in enumerate(sorted(texts - {key.upper()}))
            ),
            request_headers=(("Authorization", f"Bearer {key}"), ("Accept", f"of {key}")),
            body=" ".join(bodies).encode(),
            headers=(("location", f"/?of={quote_plus(key)}"),),
            content=content.encode(),
            comment=f"of {key}",
            called=RecordedCall("operation", {"name": key, "other": 1}),
        )
        entry = json.loads(written([made]))["log"]["entries"][0]
        count = len(texts) - 1
        yield f"URL with {key}", count + 1, entry["request"]["url"].count(_HIDDEN)
        yield f"body with {key}", 3, entry["request"]["postData"]["text"].count(_HIDDEN)
        told = json.loads(entry["response"]["content"]["text"])
        yield f"JSON with {key}", {"is": _HIDDEN, f"of {_HIDDEN}": [_HIDDEN, 7, None]}, told
        yield f"arguments with {key}", {"name": _HIDDEN, "other": 1}, entry["_keyapi"]["arguments"]
        for place in (entry["comment"], *_texts(entry["request"]), *_texts(entry["response"])):
            yield f"what has {key}", False, key.casefold() in place.casefold()
    yield from _encoded(recording)


def _encoded(recording: Recording) -> Iterator[Look]:
    """A key within base64, wherever it begins there, and within what is not text."""
    key = _KEYS[-1]
    for before in ("", "u", "us", "user:"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(f"{before}{key}: and more".encode()).decode()
            found = redacted(replace(recording, content=f'"{text}"'.encode()), [key])
            yield f"base64 of {before}{key}", True, _HIDDEN.encode() in found.content
            yield f"base64 of {before}{key}", False, text[8:16].encode() in found.content
    found = redacted(replace(recording, content=b"\xff\x00" + key.encode() + b"\xfe"), [key])
    yield "a body that is not text", b"\xff\x00[key]\xfe", found.content
    found = redacted(replace(recording, content=b'"sk_live_Un-known_1 and sk_live_"'), [])
    yield "a key of KeyAPI", b'"[key] and sk_live_"', found.content


def words_kept(recording: Recording) -> Iterator[Look]:
    """A key that is a word is hidden where it is all of a value, and in no host, path or name."""
    for key in ("api", "v1", "influencer"):
        url = f"https://{key}.example/{key}/list?{key}=x&a={key}1&b="
        bearer = (("Authorization", f"Bearer {key}"),)
        body = {key: "x", "text": f"an {key}", "list": [key, f"{key}s"], "is": key}
        made = replace(
            recording,
            url=f"{url}{key}",
            request_headers=bearer,
            content=json.dumps(body).encode(),
        )
        found = redacted(made, [key, ""])
        yield f"URL with {key}", f"{url}{_HIDDEN}", found.url
        hidden = {**body, "list": [_HIDDEN, f"{key}s"], "is": _HIDDEN}
        yield f"body with {key}", hidden, json.loads(found.content)
        yield f"header with {key}", (("Authorization", f"Bearer {_HIDDEN}"),), found.request_headers
    number = redacted(replace(recording, content=b'{"n": 1, "t": "12"}'), ["12"])
    yield "a number", b'{"n": 1, "t": "12"}', number.content


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _texts(each)


REDACTIONS = (headers_hidden, spellings_hidden, words_kept)
"""What is looked at."""
