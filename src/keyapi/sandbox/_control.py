"""Routes under `/_sandbox` to inspect and steer a sandbox over HTTP.

Each asks for the sandbox's key, as the API does (`Authorization: Bearer KEY`). Otherwise, whatever
reaches the port could steer it: another user, or a web page in a browser on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keyapi._errors import ConfigurationError
from keyapi.sandbox._http import read_body
from keyapi.sandbox._service import LARGEST_BODY, Service

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(service: Service) -> list[Any]:
    """Make the routes: ledger, requests, charges, faults (read and replace), reset.

    Args:
        service: What they inspect and steer.
    """

    async def ledger(request: Request) -> Response:
        return JSONResponse(service.ledger.as_dict())

    async def requests(request: Request) -> Response:
        return JSONResponse([entry._asdict() for entry in list(service.ledger.requests)])

    async def charges(request: Request) -> Response:
        return JSONResponse(dict(service.ledger.charges))

    async def faults(request: Request) -> Response:
        if request.method == "PUT":
            try:
                service.fault_texts = _fault_texts(await read_body(request.receive) or b"")
            except ConfigurationError as error:
                return JSONResponse({"message": str(error)}, 400)
        return JSONResponse(service.fault_texts)

    async def reset(request: Request) -> Response:
        service.reset()
        return JSONResponse(service.ledger.as_dict())

    def keyed(endpoint: Endpoint) -> Endpoint:
        async def checked(request: Request) -> Response:
            if service.accepts(request.headers.get("authorization", "")):
                return await endpoint(request)
            problem = "Send the sandbox's key: Authorization: Bearer KEY"
            return JSONResponse({"message": problem}, 401, {"WWW-Authenticate": "Bearer"})

        return checked

    return [
        Route("/_sandbox/ledger", keyed(ledger)),
        Route("/_sandbox/requests", keyed(requests)),
        Route("/_sandbox/charges", keyed(charges)),
        Route("/_sandbox/faults", keyed(faults), methods=["GET", "PUT"]),
        Route("/_sandbox/reset", keyed(reset), methods=["POST"]),
    ]


def _fault_texts(body: bytes) -> list[str]:
    """Read the faults of a PUT.

    Raises:
        ConfigurationError: The body is not a JSON list of strings, or is too large.
    """
    if len(body) > LARGEST_BODY:
        raise ConfigurationError(f"The body is larger than {LARGEST_BODY} bytes")
    try:
        texts = json.loads(body)
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ConfigurationError('The body must be a JSON list of strings, like ["html-502@2"]')
    return texts
