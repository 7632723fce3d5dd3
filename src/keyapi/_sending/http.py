"""httpx clients that send by a call's rules; every request of a client goes through one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import httpx

from keyapi._isolation import running_loop
from keyapi._sending.call import EXTENSION, Call
from keyapi._sending.direct import Direct
from keyapi._sending.exchange import Received, Sent
from keyapi._sending.owner import Owner
from keyapi._sending.size import TooLarge, bound

R = TypeVar("R", httpx.Request, Sent)
A = TypeVar("A", httpx.Response, Received)
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
        given: The transports among the arguments that the user made.
        arguments: As of `httpx.Client`.
    """

    def __init__(self, new_call: NewCall, given: Iterable[Any] = (), **arguments: Any) -> None:
        super().__init__(**arguments)
        self._new_call = new_call
        self._owner = Owner(given)
        self._direct = Direct(self, arguments)
        self.written = self._direct.written

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
        whole = super().send

        def attempt(request: httpx.Request) -> httpx.Response:
            response = whole(request, stream=stream, **options)
            if not stream:
                response.stream = _READ
            return response

        cache = None if stream else call.cache()
        if cache is not None:
            kept = cache.get(request, call.settings.max_response_bytes)
            if kept is not None and call.recalled(kept):
                return kept
        response = self._until_done(call, request, attempt, stream=stream)
        if cache is not None and call.accept and call.keepable(response):
            cache.put(request, response)
        return response

    def perform(self, request: httpx.Request | Sent, call: Call) -> httpx.Response | Received:
        """Send the request of a call, however it is written; as `send`.

        Args:
            request: The request.
            call: The call.
        """
        if isinstance(request, Sent):
            received: Received = self._until_done(call, request, self._direct.exchange)
            return received
        return self.send(request)

    def _until_done(
        self, call: Call, request: R, attempt: Callable[[R], A], *, stream: bool = False
    ) -> A:
        while True:
            _check_open(self)
            self._owner.check()
            call.admit(request)
            try:
                answer = attempt(request)
                if isinstance(answer, Received) and answer.sets_cookies:
                    self.cookies.extract_cookies(answer.response())
            except httpx.RequestError as error:
                wait = call.unanswered(request, error)
                if wait is None or stream:
                    raise
            else:
                wait = None if stream else call.answered(request, answer)
                if wait is None:
                    return answer
            call.clock.sleep(wait)

    def _send_single_request(self, request: httpx.Request) -> httpx.Response:
        """Bound what httpx reads, or a hook, also where it is on the way to somewhere else."""
        response = super()._send_single_request(request)
        try:
            _bound(response, request, self._new_call)
        except BaseException:
            response.close()
            raise
        return response


class AsyncHTTPClient(httpx.AsyncClient):
    """`HTTPClient` for asyncio."""

    def __init__(self, new_call: NewCall, given: Iterable[Any] = (), **arguments: Any) -> None:
        super().__init__(**arguments)
        self._new_call = new_call
        self._owner = Owner(given)
        self._direct = Direct(self, arguments)
        self.written = self._direct.written

    async def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        """Send a request until it succeeds or is given up; a streamed one is sent once."""
        import asyncio

        running_loop()  # refused before anything else is done
        call = _call_of(request, self._new_call)
        options = {"auth": auth, "follow_redirects": follow_redirects}
        whole = super().send

        async def attempt(request: httpx.Request) -> httpx.Response:
            response = await whole(request, stream=stream, **options)
            if not stream:
                response.stream = _READ
            return response

        cache = None if stream else call.cache()
        if cache is not None:
            limit = call.settings.max_response_bytes
            kept = await asyncio.to_thread(cache.get, request, limit)
            if kept is not None and call.recalled(kept):
                return kept
        response = await self._until_done(call, request, attempt, stream=stream)
        if cache is not None and call.accept and call.keepable(response):
            await asyncio.to_thread(cache.put, request, response)
        return response

    def perform(
        self, request: httpx.Request | Sent, call: Call
    ) -> Awaitable[httpx.Response | Received]:
        """Send the request of a call, however it is written; as `send`.

        Args:
            request: The request.
            call: The call.
        """
        if isinstance(request, Sent):
            return self._until_done(call, request, self._direct.exchange)
        return self.send(request)

    async def _until_done(
        self, call: Call, request: R, attempt: Callable[[R], Awaitable[A]], *, stream: bool = False
    ) -> A:
        loop = running_loop()
        while True:
            _check_open(self)
            self._owner.check_loop(loop)
            if call.waits:
                await call.admit_async(request)
            else:
                call.admit(request)
            try:
                if call.ends is None:
                    answer = await attempt(request)
                else:
                    answer = await _in_time(attempt, call, request)
                if isinstance(answer, Received) and answer.sets_cookies:
                    self.cookies.extract_cookies(answer.response())
            except httpx.RequestError as error:
                wait = call.unanswered(request, error)
                if wait is None or stream:
                    raise
            else:
                wait = None if stream else call.answered(request, answer)
                if wait is None:
                    return answer
            await call.clock.sleep_async(wait)

    async def _send_single_request(self, request: httpx.Request) -> httpx.Response:
        """Bound what httpx reads, or a hook, also where it is on the way to somewhere else."""
        response = await super()._send_single_request(request)
        try:
            _bound(response, request, self._new_call)
        except BaseException:
            await response.aclose()
            raise
        return response

    async def aclose(self) -> None:
        """Close the connections; those of a loop that is gone went with it."""
        try:
            await super().aclose()
        except RuntimeError:
            if not self._owner.is_foreign:
                raise


async def _in_time(attempt: Callable[[R], Awaitable[A]], call: Call, request: R) -> A:
    import asyncio

    limit = asyncio.timeout(call.remaining())
    try:
        async with limit:
            return await attempt(request)
    except TimeoutError as error:
        if not limit.expired():
            raise  # of a hook or transport of the program's own
        whole = request.request() if isinstance(request, Sent) else request
        raise httpx.ReadTimeout("the deadline passed", request=whole) from error


def after_reading(response: httpx.Response, *, failed: bool) -> Callable[[], None] | None:
    """Tell what to do with the cache when a caller has read a response by itself.

    Args:
        response: The response to a request that carries a call.
        failed: Whether it could not be read.

    Returns:
        A function that waits for a disk; None for nothing.
    """
    first = response.history[0] if response.history else response
    call = first.request.extensions.get(EXTENSION)
    if not isinstance(call, Call) or (cache := call.cache()) is None:
        return None
    if failed:
        return partial(cache.forget, first.request) if call.from_cache else None
    is_new = not call.from_cache and call.keepable(response)
    return partial(cache.put, first.request, response) if is_new else None


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
    call = request.extensions[EXTENSION] = new_call()
    request.extensions["timeout"] = call.bounded(request.extensions.get("timeout", call.timeouts))
    return call


def _bound(response: httpx.Response, request: httpx.Request, new_call: NewCall) -> None:
    # An `auth` flow of the program's own may send requests that carry no call.
    call: Call = request.extensions.get(EXTENSION) or new_call()
    try:
        bound(response, call.settings.max_response_bytes)
    except TooLarge as error:
        error.request = request
        raise
    if call.ends is not None and isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _InTime(response.stream, request, call)


class _InTime(httpx.SyncByteStream):
    """A body that is not read on after the deadline, however slowly it arrives."""

    def __init__(self, stream: httpx.SyncByteStream, request: httpx.Request, call: Call) -> None:
        self._stream = stream
        self._request = request
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield chunk
            if self._call.late():
                raise httpx.ReadTimeout("the deadline passed", request=self._request)

    def close(self) -> None:
        self._stream.close()
