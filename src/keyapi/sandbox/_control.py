"""Routes under `/_sandbox` to inspect and steer a sandbox over HTTP."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keyapi._errors import ConfigurationError
from keyapi.sandbox._service import Service


def routes(service: Service) -> list[Any]:
    """Make the routes: ledger, requests, faults (read and replace), reset.

    Args:
        service: What they inspect and steer.
    """

    async def ledger(request: Request) -> Response:
        return JSONResponse(service.ledger.as_dict())

    async def requests(request: Request) -> Response:
        return JSONResponse([entry._asdict() for entry in list(service.ledger.requests)])

    async def faults(request: Request) -> Response:
        if request.method == "PUT":
            try:
                service.fault_texts = _fault_texts(await request.body())
            except ConfigurationError as error:
                return JSONResponse({"message": str(error)}, 400)
        return JSONResponse(service.fault_texts)

    async def reset(request: Request) -> Response:
        service.reset()
        return JSONResponse(service.ledger.as_dict())

    return [
        Route("/_sandbox/ledger", ledger),
        Route("/_sandbox/requests", requests),
        Route("/_sandbox/faults", faults, methods=["GET", "PUT"]),
        Route("/_sandbox/reset", reset, methods=["POST"]),
    ]


def _fault_texts(body: bytes) -> list[str]:
    """Read the faults of a PUT.

    Raises:
        ConfigurationError: The body is not a JSON list of strings.
    """
    try:
        texts = json.loads(body)
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ConfigurationError('The body must be a JSON list of strings, like ["html-502@2"]')
    return texts
