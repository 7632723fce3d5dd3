"""httpx clients that send by a call's rules; every request of a client goes through one."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from keyapi._errors import ConfigurationError
from keyapi._isolation import renew_in_children, running_loop
from keyapi._sending.call import EXTENSION, Call
from keyapi._sending.exchange import Received, Sent, Server, is_kept
from keyapi._sending.size import TooLarge, bound

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R", httpx.Request, Sent)
A = TypeVar("A", httpx.Response, Received)
# A request made by hand, not by a resource method, gets its call from here.
NewCall = Callable[[], Call]
# Replaces the stream of a response once that is read. The stream refers back to the response, and
# without that cycle a page's memory is freed as soon as the page is.
_READ = httpx.ByteStream(b"")
_HTTPX = logging.getLogger("httpx")
_FOLDER = os.path.dirname(httpx.__file__)


class _Bound:
    """Keeps other processes and event loops from the connections of a transport that the user made.

    Args:
        transports: The user's transports.
    """

    def __init__(self, transports: Iterable[Any]) -> None:
        connected = (httpx.HTTPTransport, httpx.AsyncHTTPTransport)
        self._connected = any(isinstance(each, connected) for each in transports)
        self._is_child = False
        self._loop: asyncio.AbstractEventLoop | None = None
        renew_in_children(self)

    def renew(self) -> None:
        """Be in a forked child from now on."""
        self._is_child = True

    def check(self) -> None:
        """Refuse a request before an attempt is counted.

        Raises:
            ConfigurationError: It would be sent on a connection of the parent.
        """
        if self._is_child and self._connected:
            raise ConfigurationError(
                "Not sent: the transport was made before this process was forked, and its "
                "connections are the parent's. Make transport and client in each process, or leave "
                "transport=... out: the client's own is made anew"
            )

    def check_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """As `check`, for a request in an event loop.

        Raises:
            ConfigurationError: It would be sent on a connection of another process or loop.
        """
        self.check()
        if self._connected and self._loop not in (None, loop):
            raise ConfigurationError(
                "Not sent: the transport has served another event loop, and its connections are "
                "that loop's. Make transport and client in each loop, or leave transport=... out: "
                "the client's own serves every loop"
            )
        self._loop = loop

    @property
    def is_foreign(self) -> bool:
        """Whether the running loop is not the one that the transport has served."""
        return self._loop not in (None, running_loop())


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
        self._bound = _Bound(given)
        self._direct = _way(arguments)
        self._server = Server(arguments["base_url"])

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

        def attempt() -> httpx.Response:
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
        if not isinstance(request, Sent):
            return self.send(request)
        limit = call.settings.max_response_bytes

        def attempt() -> Received:
            received: Received = self._direct.exchange(request, limit)
            if received.sets_cookies:
                self.cookies.extract_cookies(received.response())
            return received

        return self._until_done(call, request, attempt)

    def written(self, method: str, target: str, call: Call) -> Sent | None:
        """Write a request without a body; None where it needs to be httpx's."""
        functions = (httpx.Client.send, httpx.HTTPTransport.handle_request)
        if self._direct is None or not (is_kept(target) and _is_plain(self, call, functions)):
            return None
        return Sent(self._server, method, target, self.headers.raw, call.timeouts)

    def _until_done(
        self, call: Call, request: R, attempt: Callable[[], A], *, stream: bool = False
    ) -> A:
        while True:
            _check_open(self)
            self._bound.check()
            call.admit(request)
            try:
                answer = attempt()
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
        self._bound = _Bound(given)
        self._direct = _way(arguments)
        self._server = Server(arguments["base_url"])

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

        async def attempt() -> httpx.Response:
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

    async def perform(self, request: httpx.Request | Sent, call: Call) -> httpx.Response | Received:
        """Send the request of a call, however it is written; as `send`.

        Args:
            request: The request.
            call: The call.
        """
        if not isinstance(request, Sent):
            return await self.send(request)
        limit = call.settings.max_response_bytes

        async def attempt() -> Received:
            received: Received = await self._direct.exchange(request, limit)
            if received.sets_cookies:
                self.cookies.extract_cookies(received.response())
            return received

        return await self._until_done(call, request, attempt)

    def written(self, method: str, target: str, call: Call) -> Sent | None:
        """Write a request without a body; None where it needs to be httpx's."""
        functions = (httpx.AsyncClient.send, httpx.AsyncHTTPTransport.handle_async_request)
        if self._direct is None or not (is_kept(target) and _is_plain(self, call, functions)):
            return None
        return Sent(self._server, method, target, self.headers.raw, call.timeouts)

    async def _until_done(
        self, call: Call, request: R, attempt: Callable[[], Awaitable[A]], *, stream: bool = False
    ) -> A:
        loop = running_loop()
        while True:
            _check_open(self)
            self._bound.check_loop(loop)
            await call.admit_async(request)
            try:
                if call.ends is None:
                    answer = await attempt()
                else:
                    answer = await _in_time(attempt, call, request)
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
            if not self._bound.is_foreign:
                raise


async def _in_time(
    attempt: Callable[[], Awaitable[A]], call: Call, request: httpx.Request | Sent
) -> A:
    import asyncio

    limit = asyncio.timeout(call.remaining())
    try:
        async with limit:
            return await attempt()
    except TimeoutError as error:
        if not limit.expired():
            raise  # of a hook or transport of the program's own
        whole = request.request() if isinstance(request, Sent) else request
        raise httpx.ReadTimeout("the deadline passed", request=whole) from error


def _way(arguments: Mapping[str, Any]) -> Any:
    """The transport among a client's arguments by which it can send directly, or None."""
    transport = arguments["transport"]
    is_direct = getattr(transport, "is_direct", False) and not arguments.get("mounts")
    return transport if is_direct else None


def _is_plain(http: httpx.Client | httpx.AsyncClient, call: Call, functions: Iterable[Any]) -> bool:
    """Whether nothing asks for what only httpx does with a request or response.

    Those are what the program asks of it, its log, and tools that patch it to see what is sent.
    """
    hooks = http.event_hooks
    return (
        call.secured
        and call.settings.cache is None
        and not (hooks["request"] or hooks["response"] or http.follow_redirects)
        and http.auth is None
        and not _HTTPX.isEnabledFor(logging.INFO)
        and all(map(_is_own, functions))
    )


def _is_own(function: Any) -> bool:
    """Whether a function of httpx is its own, and not what a tool has put in its place."""
    return type(function) is FunctionType and function.__code__.co_filename.startswith(_FOLDER)


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
