"""The budget and the quota breaker: no more is spent than was allowed."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Any

import httpx
import pytest

from client.conftest import (
    KEY,
    PATH,
    USER_ID,
    Mode,
    Server,
    first_page,
    outcomes,
    pickled,
    refusal,
    success,
)
from keyapi import (
    BudgetExceeded,
    ConfigurationError,
    InsufficientCredits,
    KeyAPIError,
    ServerError,
    TransportError,
)
from keyapi._operation import Operation
from keyapi._sending.clock import Clock
from keyapi._sending.unanswered import _is_first
from keyapi_example import AsyncTikTok
from keyapi_example.api.influencer import influencer_products_analytics as low_level

# --- Budget -----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [None, refusal(429)], ids=["pages", "retried"])
def test_a_budget_is_exact_under_many_callers(
    mode: Mode, server: Server, answer: httpx.Response | None
) -> None:
    server.always = answer
    found = outcomes(mode, 101, max_credits=37)
    assert len(server.requests) == 37
    assert found.count(BudgetExceeded) >= 100 - 37
    assert found.count("page") == (37 if answer is None else 0)


def test_a_refused_request_says_what_was_asked_spent_and_allowed(
    mode: Mode, server: Server
) -> None:
    server.holds(30)
    client = mode.open(max_credits=2)
    mode.open = lambda **_: client  # type: ignore[method-assign]
    error = mode.products().error
    assert isinstance(error, BudgetExceeded)
    assert (error.asked, error.spent, error.allowed) == (1, 2, 2)
    assert (error.next_page, error.rows_yielded, error.attempts) == (3, 20, 0)
    assert client.credits_spent == 2
    assert vars(pickled(error)) == vars(error)


class _Slow:
    """A budget that is to be asked before each request.

    Attributes:
        log: What it was asked.
    """

    allowed, spent = 10, 0

    def __init__(self, seconds: float = 0.0) -> None:
        self.log: list[str] = []
        self.seconds = seconds

    async def ready(self, cost: int) -> None:
        self.log.append("ready")
        await asyncio.sleep(self.seconds)

    def reserve(self, cost: int) -> bool:
        self.log.append("reserve")
        return True

    def refund(self, cost: int) -> None:
        """Nothing."""


@pytest.mark.parametrize("rate", [None, "1000/s"])
def test_a_budget_that_needs_time_is_awaited_by_async_clients(
    mode: Mode, server: Server, rate: str | None
) -> None:
    budget = _Slow()
    server.always = refusal(503)
    with pytest.raises(ServerError):
        mode.page(options={"max_credits": budget, "rate": rate, "max_retries": 1})
    each = ["ready", "reserve"] if mode.name == "async" else ["reserve"]
    assert budget.log == 2 * each


@pytest.mark.parametrize("rate", [None, "1000/s"])
def test_a_budget_that_takes_too_long_ends_with_the_deadline(
    server: Server, rate: str | None
) -> None:
    async def main() -> None:
        options: dict[str, Any] = {"max_credits": _Slow(5), "rate": rate, "deadline": 0.05}
        transport = httpx.MockTransport(server)
        async with AsyncTikTok(KEY, transport=transport, **options) as tiktok:
            with pytest.raises(TransportError, match="before the budget is ready"):
                await tiktok.influencer.products_analytics(user_id=USER_ID)

    asyncio.run(main())
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [(refusal(503), ServerError), (httpx.ReadTimeout("slow"), TransportError)],
    ids=["503", "no answer"],
)
def test_what_used_the_budget_up_is_raised_not_that_it_is_used_up(
    mode: Mode, server: Server, answer: Any, error: type[KeyAPIError]
) -> None:
    server.always = answer
    with pytest.raises(error, match=r"not sent again.* 2 of max_credits=2 are spent") as caught:
        mode.page(options={"max_credits": 2})
    assert len(server.requests) == caught.value.attempts == 2
    assert mode.clock.waits == mode.clock.waits[:1]  # it waits for no request that it cannot send


class Shared:
    """A budget of the program's own, which something else spends from, too."""

    def __init__(self, allowed: int, *, lent: int = 0) -> None:
        self.allowed = allowed
        self.spent = 0
        self.lent = lent
        self.calls: list[tuple[str, int]] = []

    def reserve(self, cost: int) -> bool:
        self.calls.append(("reserve", cost))
        fits = self.spent + self.lent + cost <= self.allowed
        self.spent += cost * fits
        return fits

    def refund(self, cost: int) -> None:
        self.calls.append(("refund", cost))
        self.spent -= cost


def test_clients_can_share_a_budget_of_the_programs_own(mode: Mode, server: Server) -> None:
    budget = Shared(3)
    clients = [mode.open(max_credits=budget), mode.open(max_credits=budget)]
    for number in range(3):
        first_page(mode, clients[number % 2])
    for client in clients:
        with pytest.raises(BudgetExceeded, match="3 of max_credits=3 are spent") as caught:
            first_page(mode, client)
        assert (caught.value.asked, caught.value.spent, caught.value.allowed) == (1, 3, 3)
    assert len(server.requests) == 3
    assert [client.credits_spent for client in clients] == [2, 1]


def test_a_shared_budget_is_asked_for_each_attempt_and_gets_back_what_never_left(
    mode: Mode, server: Server
) -> None:
    server.always = httpx.ConnectError("refused")
    budget = Shared(10)
    with pytest.raises(TransportError):
        first_page(mode, mode.open(max_credits=budget, max_retries=1))
    assert budget.calls == [("reserve", 1), ("refund", 1)] * 2


def test_what_others_took_of_a_shared_budget_meanwhile_is_not_sent(
    mode: Mode, server: Server
) -> None:
    with pytest.raises(BudgetExceeded):
        first_page(mode, mode.open(max_credits=Shared(5, lent=5)))
    assert server.requests == []


UNSENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("busy"),
    httpx.ProxyError("407"),
]
SENT = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("cut short"),
]


@pytest.mark.parametrize("error", [*UNSENT, *SENT], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("streamed", [False, True], ids=["read", "streamed"])
def test_only_what_may_have_arrived_costs(
    mode: Mode, server: Server, error: Exception, streamed: bool
) -> None:
    server.always = error
    client = mode.open(max_retries=2)
    mode.open = lambda **_: client  # type: ignore[method-assign]
    if streamed:
        with pytest.raises(type(error)):
            stream(mode, client)
    else:
        with pytest.raises(TransportError):
            first_page(mode, client)
    attempts = 1 if streamed else 3
    assert len(server.requests) == attempts
    assert client.credits_spent == (0 if error in UNSENT else attempts)


def stream(mode: Mode, client: Any) -> None:
    """Begin a request by hand, whose answer is not read at once."""
    if mode.name == "sync":
        with client.get_httpx_client().stream("GET", PATH):
            return

    async def main() -> None:
        async with client.get_async_httpx_client().stream("GET", PATH):
            return

    asyncio.run(main())


def test_a_certificate_that_is_not_trusted_is_not_asked_for_again(
    mode: Mode, server: Server
) -> None:
    server.always = httpx.ConnectError("TLS")
    server.always.__cause__ = ssl.SSLCertVerificationError(1, "self-signed certificate")
    with pytest.raises(TransportError, match=r"not trusted.*self-signed") as caught:
        mode.page()
    assert (len(server.requests), caught.value.attempts, mode.clock.waits) == (1, 1, [])


def test_a_page_after_a_refused_connection_costs_one_request(mode: Mode, server: Server) -> None:
    answers: list[Any] = [httpx.ConnectError("refused"), httpx.ReadError("reset"), None]

    def answering(request: httpx.Request) -> httpx.Response:
        server.always = answers.pop(0)
        return server(request)

    mode.server = answering
    page = mode.page()
    assert (page.attempts, page.credits) == (3, 2)


def test_a_redirect_that_leads_nowhere_has_cost_the_first_request(
    mode: Mode, server: Server
) -> None:
    def redirecting(request: httpx.Request) -> httpx.Response:
        if request.url.path == PATH:
            return httpx.Response(302, headers={"Location": "/elsewhere"})
        raise httpx.ConnectError("refused")

    mode.server = redirecting
    client = mode.open(max_retries=0, httpx_args={"follow_redirects": True})
    mode.open = lambda **_: client  # type: ignore[method-assign]
    with pytest.raises(TransportError):
        first_page(mode, client)
    assert client.credits_spent == 1


def test_changed_clients_spend_together_and_other_keys_apart(mode: Mode) -> None:
    def use(client: Any) -> Any:
        changed = client.with_options(max_credits=1)
        other = client.with_options(token="sk_other")
        assert other.credits_spent == 0
        assert changed.credits_spent == client.credits_spent
        return changed.influencer.products_analytics(user_id=USER_ID)

    client = mode.open()
    mode.open = lambda **_: client  # type: ignore[method-assign]
    mode.call(use)
    assert client.credits_spent == 1


@pytest.mark.parametrize(
    "option", [{"quota_cooldown": -1}, {"contract": "strict"}, {"contract": None}], ids=str
)
def test_an_option_of_no_meaning_is_refused(mode: Mode, option: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(option))):
        mode.open(**option)


@pytest.mark.parametrize("budget", [-1, 1.5, True, "5"])
def test_a_budget_that_is_no_count_is_refused(mode: Mode, budget: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_credits"):
        mode.open(max_credits=budget)


def test_low_level_functions_spend_from_the_same_budget(mode: Mode, server: Server) -> None:
    call = low_level.sync if mode.name == "sync" else low_level.asyncio
    with pytest.raises(BudgetExceeded):
        mode.call(
            lambda client: call(client=client, user_id=USER_ID, page_num=1, page_size=1),
            max_credits=0,
        )
    assert server.requests == []


# --- Quota breaker ----------------------------------------------------------------------------


def test_after_credits_are_used_up_nothing_is_sent_for_a_while(mode: Mode, server: Server) -> None:
    server.always = refusal(402)
    client = mode.open(quota_cooldown=60)
    changed = client.with_options(max_retries=0)
    for each, now, sent in ((client, 0, 1), (client, 0, 1), (changed, 59, 1), (client, 60, 2)):
        mode.clock.time = 1000.0 + now
        with pytest.raises(InsufficientCredits):
            first_page(mode, each)
        assert len(server.requests) == sent


def test_without_a_cooldown_each_call_is_sent(mode: Mode, server: Server) -> None:
    server.always = refusal(402)
    client = mode.open(quota_cooldown=0)
    for sent in (1, 2):
        with pytest.raises(InsufficientCredits) as caught:
            first_page(mode, client)
        assert (len(server.requests), caught.value.attempts) == (sent, 1)


def test_a_hundred_waiting_calls_stop_after_the_first(mode: Mode, server: Server) -> None:
    """In real time: by a clock whose waits take none, an hour may pass before the first answer."""
    server.always = refusal(402)

    def answer(request: httpx.Request) -> httpx.Response:
        time.sleep(0.05)  # all others ask meanwhile
        return server(request)

    async def answer_async(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.05)
        return server(request)

    mode.server = answer if mode.name == "sync" else answer_async  # type: ignore[assignment]
    mode.clock = Clock()  # type: ignore[assignment]
    found = outcomes(mode, 101, rate="1/h")
    assert found == [InsufficientCredits] * 100
    assert len(server.requests) == 1


def test_an_error_that_names_no_request_is_that_of_the_first() -> None:
    """As of a transport of the program's own, outside an httpx client."""
    assert _is_first(httpx.Request("GET", "http://host"), httpx.ConnectError("refused"))


def test_a_request_by_hand_that_gets_a_web_page_is_sent_once(mode: Mode, server: Server) -> None:
    server.always = httpx.Response(200, text="<html>")
    if mode.name == "sync":
        mode.call(lambda client: client.get_httpx_client().get(PATH))
    else:
        mode.call(lambda client: client.get_async_httpx_client().get(PATH))
    assert len(server.requests) == 1


def test_an_operation_without_security_is_sent_without_the_key(mode: Mode, server: Server) -> None:
    server.always = success({})
    operation = Operation(
        name="open", method="GET", path="/open", model=lambda: dict, secured=False
    )
    mode.call(lambda client: client._data(operation, {}))
    assert "authorization" not in server.requests[0].headers
