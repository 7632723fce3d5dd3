"""The negative control: a server that always answers the documented row.

It passes Schemathesis's own checks; golden cases and the contract suite must fail on it.
"""

import json
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

SPEC = json.loads((files("keyapi_tiktok") / "openapi.json").read_text("utf-8"))


async def stub(scope: Any, receive: Any, send: Any) -> None:
    node = SPEC["paths"].get(scope["path"], {}).get(scope["method"].lower(), {})
    given = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    required = {one["name"] for one in node.get("parameters", ()) if one["required"]}
    keyed = b"authorization" in dict(scope["headers"])
    status = 401 if not keyed else 200 if required <= given.keys() else 400
    media = node.get("responses", {}).get(str(status), {}).get("content", {})
    body = media.get("application/json", {}).get("example", {"code": status, "message": ""})
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
