"""The way in which all connectors ask: refusals in one line, and requests that are not wasted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from engine.helpdesks.rest.allowance import Purpose
from engine.helpdesks.rest.http import CallError, HttpClient
from engine.ports import RateLimit, SentState

SECONDS = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def client(
    answer: Callable[[httpx.Request], httpx.Response],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> HttpClient:
    transport = httpx.MockTransport(answer)
    headers = {"Authorization": "token secret"}
    url = "https://desk.example/api"
    return HttpClient("desk", url, 5 * SECONDS, lambda: headers, transport, clock)


def always(status: int = 200, **more: object) -> HttpClient:
    return client(lambda _: httpx.Response(status, **more))  # type: ignore[arg-type]


def refusal(asked: HttpClient, purpose: Purpose = Purpose.READ) -> CallError:
    with pytest.raises(CallError) as caught:
        asked.ask("GET", "/tickets", purpose=purpose)
    return caught.value


def failing(error: Exception) -> HttpClient:
    def answer(request: httpx.Request) -> httpx.Response:
        del request
        raise error

    return client(answer)


def test_it_says_who_we_are_and_asks_for_json() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"ok": True})

    assert client(answer).json("GET", "/me") == {"ok": True}
    assert seen[0].url == "https://desk.example/api/me"
    assert seen[0].headers["authorization"] == "token secret"
    assert seen[0].headers["accept"] == "application/json"


@pytest.mark.parametrize(
    "status, body, said",
    [
        (401, {"message": "Unauthorized"}, "401 Unauthorized: the key is wrong"),
        (403, {"error": "no"}, "403 Forbidden: no: our account may not do that"),
        (404, {}, "404 Not Found: there is no such thing"),
        (422, {"errors": ["Date is invalid"]}, "422 Unprocessable Entity: Date is invalid"),
        (
            400,
            {"description": "Not valid", "errors": [{"field": "priority", "message": "1 to 4"}]},
            "400 Bad Request: Not valid: priority: 1 to 4",
        ),
        (
            400,
            {"errorMessages": [], "errors": {"priority": "is required"}},
            "400 Bad Request: priority: is required",
        ),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(status: int, body: object, said: str) -> None:
    text = str(refusal(always(status, json=body)))

    assert text.startswith("desk: GET /tickets: ")
    assert said in text
    assert "\n" not in text
    assert "secret" not in text


def test_a_page_for_people_is_left_out() -> None:
    text = str(refusal(always(502, html="<html><body>Bad gateway!</body></html>")))

    assert text == "desk: GET /tickets: 502 Bad Gateway"


def test_an_answer_that_is_no_json_is_no_answer() -> None:
    with pytest.raises(CallError, match=r"text/html.*does `url` lead to the helpdesk"):
        always(200, html="<html>Log in</html>").json("GET", "/tickets")


@pytest.mark.parametrize(
    "error, state",
    [
        (httpx.ConnectError("refused"), SentState.RETRY),
        (httpx.ReadTimeout("slow"), SentState.UNKNOWN),
        (httpx.RemoteProtocolError("cut off"), SentState.UNKNOWN),
    ],
)
def test_only_what_may_have_arrived_is_in_doubt(error: Exception, state: SentState) -> None:
    refused = refusal(failing(error))

    assert refused.sent(is_absolute=False).state is state
    assert refused.sent(is_absolute=True).state is SentState.RETRY


@pytest.mark.parametrize(
    "status, of_a_message, of_a_change",
    [
        (400, SentState.REJECTED, SentState.REJECTED),
        (401, SentState.RETRY, SentState.RETRY),
        (403, SentState.RETRY, SentState.RETRY),
        (404, SentState.REJECTED, SentState.REJECTED),
        (409, SentState.REJECTED, SentState.REJECTED),
        (422, SentState.REJECTED, SentState.REJECTED),
        (429, SentState.RETRY, SentState.RETRY),
        (500, SentState.UNKNOWN, SentState.RETRY),
        (502, SentState.UNKNOWN, SentState.RETRY),
        (503, SentState.RETRY, SentState.RETRY),
    ],
)
def test_each_status_leads_to_one_end(
    status: int, of_a_message: SentState, of_a_change: SentState
) -> None:
    refused = refusal(always(status))

    assert refused.sent(is_absolute=False).state is of_a_message
    assert refused.sent(is_absolute=True).state is of_a_change


def test_who_asks_us_to_wait_is_not_asked_again_meanwhile() -> None:
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(429, headers={"Retry-After": "41"})

    asked = client(answer)
    first, second = refusal(asked), refusal(asked, Purpose.WRITE)

    assert len(calls) == 1
    assert first.retry_after == 41 * SECONDS
    assert second.retry_after is not None
    assert 39 * SECONDS < second.retry_after <= 41 * SECONDS
    assert second.sent(is_absolute=False).state is SentState.RETRY


def test_an_instant_to_wait_for_is_understood() -> None:
    at = datetime.now(UTC) + timedelta(minutes=2)
    stamp = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    refused = refusal(always(503, headers={"Retry-After": stamp}))

    assert refused.retry_after is not None
    assert 110 * SECONDS < refused.retry_after <= 120 * SECONDS


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "20", "X-RateLimit-Reset": "30"},
        {"X-RateLimit-Total": "100", "X-RateLimit-Remaining": "20", "X-RateLimit-Reset": "30"},
        {"ratelimit-limit": "100", "ratelimit-remaining": "20", "ratelimit-reset": "30"},
    ],
)
def test_the_last_fifth_of_the_requests_is_for_writing(headers: dict[str, str]) -> None:
    asked = always(200, json={}, headers=headers)
    asked.ask("GET", "/tickets")

    assert asked.rate_limit == RateLimit(100, 20, 30 * SECONDS)
    assert refusal(asked).retry_after is not None
    assert asked.ask("POST", "/note", purpose=Purpose.WRITE).is_success


def test_when_nothing_is_left_nobody_asks() -> None:
    headers = {"ratelimit-limit": "100", "ratelimit-remaining": "0", "ratelimit-reset": "30"}
    asked = always(200, json={}, headers=headers)
    asked.ask("GET", "/tickets")

    assert refusal(asked, Purpose.WRITE).retry_after is not None


def test_its_clock_is_held_against_ours() -> None:
    ahead = datetime.now(UTC) + timedelta(hours=3)
    stamp = ahead.strftime("%a, %d %b %Y %H:%M:%S GMT")
    asked = always(200, json={}, headers={"Date": stamp})
    asked.ask("GET", "/tickets")

    assert asked.clock_skew is not None
    assert abs(asked.clock_skew - timedelta(hours=3)) <= 2 * SECONDS


@dataclass
class Clocks:
    """Ours and the helpdesk's, as they are set."""

    ours: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)
    ahead: timedelta = timedelta()

    def answer(self, _: httpx.Request) -> httpx.Response:
        stamp = (self.ours + self.ahead).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return httpx.Response(200, json={}, headers={"Date": stamp})


@pytest.mark.parametrize("step", [2 * HOUR, -2 * HOUR])
def test_for_an_hour_it_is_known_how_far_a_clock_was_set(step: timedelta) -> None:
    clocks = Clocks()
    asked = client(clocks.answer, clock=lambda: clocks.ours)
    asked.ask("GET", "/tickets")
    before = asked.was_set_by()
    clocks.ahead = step
    asked.ask("GET", "/tickets")
    clocks.ours += HOUR / 2
    since = asked.was_set_by()
    clocks.ours += HOUR / 2

    assert (before, since, asked.was_set_by()) == (timedelta(), 2 * HOUR, timedelta())


def test_clocks_that_drift_apart_were_not_set() -> None:
    clocks = Clocks()
    asked = client(clocks.answer, clock=lambda: clocks.ours)
    for _ in range(20):
        asked.ask("GET", "/tickets")
        clocks.ahead += timedelta(seconds=20)

    assert asked.was_set_by() == timedelta()
