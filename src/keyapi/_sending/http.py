"""httpx clients that send by a call's rules; every request of a client goes through one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx

from keyapi._sending.call import EXTENSION, Call

# A request made by hand, not by a resource method, gets its call from here.
NewCall = Callable[[], Call]
# Replaces the stream of a response once that is read. The stream refers back to the response, and
# without that cycle a page's memory is freed as soon as the page is.
_READ = httpx.ByteStream(b"")


class HTTPClient(httpx.Client):
    """An `httpx.Client` that sends a request again where the table of retries says so.

    Because it is the client, not a transport, httpx's own proxies and mounts work as usual.

    Args:
        new_call: Gives the call of a request that carries none.
        arguments: As of `httpx.Client`.
    """

    def __init__(self, new_call: NewCall, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._new_call = new_call

    def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        """Send a request until it succeeds or is given up; a streamed one is sent once."""
        call = _call_of(request, self._new_call)
        options = {"auth": auth, "follow_redirects": follow_redirects}
        cache = None if stream else call.cache(request)
        if cache is not None:
            kept = cache.get(request)
            if kept is not None and call.recalled(kept):
                return kept
        while True:
            _check_open(self)
            call.admit(request)
            if stream:
                return super().send(request, stream=True, **options)
            try:
                if call.ends is None:
                    response = super().send(request, **options)
                else:
                    response = super().send(request, stream=True, **options)
                    _read_in_time(response, call)
            except httpx.RequestError as error:
                wait = call.unanswered(request, error)
                if wait is None:
                    raise
            else:
                response.stream = _READ
                wait = call.answered(request, response)
                if wait is None:
                    if cache is not None and call.keepable(response):
                        cache.put(request, response)
                    return response
            call.clock.sleep(wait)


class AsyncHTTPClient(httpx.AsyncClient):
    """`HTTPClient` for asyncio."""

    def __init__(self, new_call: NewCall, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._new_call = new_call

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        """Send a request until it succeeds or is given up; a streamed one is sent once."""
        call = _call_of(request, self._new_call)
        options = {"auth": auth, "follow_redirects": follow_redirects}
        import asyncio

        cache = None if stream else call.cache(request)
        if cache is not None:
            kept = await asyncio.to_thread(cache.get, request)
            if kept is not None and call.recalled(kept):
                return kept
        while True:
            _check_open(self)
            await call.admit_async(request)
            if stream:
                return await super().send(request, stream=True, **options)
            try:
                if call.ends is None:
                    response = await super().send(request, **options)
                else:
                    response = await self._send_in_time(request, call, options)
            except httpx.RequestError as error:
                wait = call.unanswered(request, error)
                if wait is None:
                    raise
            else:
                response.stream = _READ
                wait = call.answered(request, response)
                if wait is None:
                    if cache is not None and call.keepable(response):
                        await asyncio.to_thread(cache.put, request, response)
                    return response
            await call.clock.sleep_async(wait)

    async def _send_in_time(
        self, request: httpx.Request, call: Call, options: dict[str, Any]
    ) -> httpx.Response:
        import asyncio

        try:
            async with asyncio.timeout(call.remaining()):
                return await super().send(request, **options)
        except TimeoutError as error:
            raise httpx.ReadTimeout("the deadline passed", request=request) from error


def _check_open(http: httpx.Client | httpx.AsyncClient) -> None:
    """Raise as httpx does, but before an attempt is counted that a closed client cannot make."""
    if http.is_closed:
        raise RuntimeError("Cannot send a request, as the client has been closed.")


def _call_of(request: httpx.Request, new_call: NewCall) -> Call:
    call = request.extensions.get(EXTENSION)
    if isinstance(call, Call) and not call.attempts:  # not an old request, sent by hand again
        if not call.secured:  # the client's own headers hold the key
            request.headers.pop("Authorization", None)
        return call
    call = new_call()
    request.extensions["timeout"] = call.bounded(request.extensions.get("timeout", call.timeouts))
    return call


def _read_in_time(response: httpx.Response, call: Call) -> None:
    """Read a response to its end, but not past the deadline, however slowly it arrives."""
    response.stream = _Bounded(response, call)
    try:
        response.read()
    except BaseException:
        response.close()
        raise


class _Bounded(httpx.SyncByteStream):
    def __init__(self, response: httpx.Response, call: Call) -> None:
        self._stream: Any = response.stream
        self._request = response.request
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield chunk
            if self._call.late():
                raise httpx.ReadTimeout("the deadline passed", request=self._request)

    def close(self) -> None:
        self._stream.close()
