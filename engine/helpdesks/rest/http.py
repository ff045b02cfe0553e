"""One way for all connectors to ask a helpdesk over HTTP.

It turns whatever comes back into an answer or into one clear line, keeps the calls within the time
that was promised for them and within what the other side takes (`allowance`), and holds its clock
against ours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Final

import httpx

from engine.errors import ConfigError, HelpdeskError
from engine.helpdesks.rest.allowance import Allowance, Lane, Purpose, date_of, wait_of
from engine.ports import RateLimit, Sent, SentState

_MOST_OF_A_BODY: Final = 200

_ADVICE: Final[Mapping[int, str]] = {
    401: "the key is wrong or was revoked: make a new one, and put it where the config file says",
    403: "our account may not do that: grant it the right",
    404: "there is no such thing, or our account may not see it",
    429: "too many requests: it asks us to wait",
}


class CallError(HelpdeskError):
    """A call that did not lead to an answer that can be used.

    Attributes:
        status: The status of the answer; None where there was none.
        retry_after: How long the other side asks us to wait.
        may_have_arrived: The request may have been taken all the same.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        retry_after: timedelta | None = None,
        *,
        may_have_arrived: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.may_have_arrived = may_have_arrived

    def sent(self, *, is_absolute: bool) -> Sent:
        """What becomes of the act that called.

        Args:
            is_absolute: Done twice it is as if done once, so that it may simply be done again.
        """
        reason = str(self)
        if self.may_have_arrived and not is_absolute:
            return Sent(SentState.UNKNOWN, reason=reason)
        is_refusal = self.status is not None and _REFUSALS[0] <= self.status < _REFUSALS[1]
        if is_refusal and self.status not in _MAY_PASS:
            return Sent(SentState.REJECTED, reason=reason)
        return Sent(SentState.RETRY, reason=reason, retry_after=self.retry_after)


_REFUSALS: Final = (400, 500)
_NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_WORDS: Final = ("message", "error", "description", "errors", "errorMessages")
"""Under which keys helpdesks say why they refuse."""
_MAY_PASS: Final = frozenset({401, 403, 408, 423, 425, 429})
"""Refusals that people, or time, may end: keys are renewed, rights given back."""


_A_STEP: Final = timedelta(minutes=1)
"""Clocks that come apart so far between two answers do not drift: somebody set one."""
_REMEMBERED_FOR: Final = timedelta(hours=1)


class HttpClient:
    """Calls one helpdesk.

    Attributes:
        clock_skew: How far its clock is ahead of ours, by its last answer; None before that.
    """

    def __init__(
        self,
        name: str,
        base: str,
        timeout: timedelta,
        authorize: Callable[[], Mapping[str, str]],
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lanes: Mapping[str, Lane] | None = None,
    ) -> None:
        """Connect to nobody yet.

        Args:
            name: The helpdesk's name in the config file, with which each complaint begins.
            base: What all addresses begin with.
            timeout: The longest that one call takes (real time).
            authorize: Gives the headers that say who we are, anew for each call.
            transport: In place of the network.
            clock: Gives the machine's present (aware UTC).
            lanes: The parts of the interface that have limits of their own.
        """
        self.name = name
        self.clock_skew: timedelta | None = None
        self._last_set: tuple[datetime, timedelta] | None = None
        self._clock = clock
        self._lanes = dict(lanes or {})
        self._base = base.rstrip("/")
        self._authorize = authorize
        self._allowance = Allowance()
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._connect = partial(
            httpx.Client,
            timeout=timeout.total_seconds(),
            transport=transport,
            follow_redirects=False,
        )
        self._client = self._connect()

    @contextmanager
    def for_writing(self) -> Iterator[None]:
        """What this thread asks inside is read for the sake of a write, and comes before others."""
        before = getattr(self._thread, "purpose", Purpose.READ)
        self._thread.purpose = Purpose.WRITE
        try:
            yield
        finally:
            self._thread.purpose = before

    def now(self) -> datetime:
        """The present by the helpdesk's clock (aware UTC, whole seconds)."""
        return self._clock().replace(microsecond=0) + (self.clock_skew or timedelta())

    def was_set_by(self) -> timedelta:
        """How far its clock, or ours, was set within the last hour, forward or back.

        What changed while it was wrong may bear a time so long before where reading had got to.
        """
        if self._last_set is None:
            return timedelta()
        set_at, step = self._last_set
        return step if timedelta() <= self._clock() - set_at < _REMEMBERED_FOR else timedelta()

    @property
    def rate_limit(self) -> RateLimit | None:
        """What it told of how much it takes."""
        return self._allowance.limit

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        purpose: Purpose | None = None,
        lane: str | None = None,
    ) -> httpx.Response:
        """One request and its answer, which is a success.

        Args:
            method: GET, POST, PUT.
            path: Below the base.
            params: The query.
            body: JSON values; None for none.
            purpose: Whether somebody waits for what is written; None for what the thread is at.
            lane: The part of the interface that has a limit of its own, if it has.

        Raises:
            CallError: There was no answer, or a refusal.
        """
        what = f"{method} {path}"
        serves = purpose or Purpose(getattr(self._thread, "purpose", Purpose.READ))
        self._refuse_to_hurry(what, serves, lane)
        try:
            answer = self._client.request(
                method,
                f"{self._base}{path}",
                params=params,
                json=body,
                headers={"Accept": "application/json", **self._authorize()},
            )
        except httpx.HTTPError as error:
            raise self._unanswered(what, error) from None
        except ConfigError as error:  # the token is not where it was
            raise CallError(f"{self.name}: {error}", HTTPStatus.UNAUTHORIZED) from None
        except httpx.InvalidURL as error:
            raise CallError(f"{self.name}: {what}: {error}; correct `url`") from None
        self._hear(answer, lane)
        if not answer.is_success:
            raise self._refused(what, answer)
        return answer

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        purpose: Purpose | None = None,
        lane: str | None = None,
    ) -> object:
        """As `ask`; gives the JSON value of the answer."""
        answer = self.ask(method, path, params=params, body=body, purpose=purpose, lane=lane)
        return self._value(f"{method} {path}", answer)

    def write(self, method: str, path: str, body: object) -> None:
        """A write that is answered by nothing, or by JSON of which nothing is needed.

        A page for people is no answer to it, whatever its status.
        """
        answer = self.ask(method, path, body=body, purpose=Purpose.WRITE)
        if answer.content:
            self._value(f"{method} {path}", answer)

    def _value(self, what: str, answer: httpx.Response) -> object:
        try:
            return answer.json()
        except ValueError:
            kind = answer.headers.get("content-type", "nothing")
            raise CallError(
                f"{self.name}: {what}: the answer is {kind}, and no JSON;"
                " does `url` lead to the helpdesk?",
                may_have_arrived=True,
            ) from None

    def close(self) -> None:
        """Let go of connections; it may be used again."""
        self._client.close()
        self._client = self._connect()

    def _refuse_to_hurry(self, what: str, purpose: Purpose, lane: str | None) -> None:
        now = self._clock()
        with self._lock:
            wait = self._allowance.wait(purpose, now)
            if wait is None and lane is not None:
                wait = self._lanes[lane].wait(now)
                if wait is None:
                    self._lanes[lane].take(now)
        if wait is not None:
            seconds = max(1, round(wait.total_seconds()))
            message = f"{self.name}: {what}: it takes no more requests for {seconds} s"
            raise CallError(message, HTTPStatus.TOO_MANY_REQUESTS, wait)

    def _hear(self, answer: httpx.Response, lane: str | None) -> None:
        now = self._clock()
        told_at = date_of(answer.headers.get("date"))
        with self._lock:
            if lane is None:
                self._allowance.hear(answer, now)
            else:
                self._allowance.hear_of_limit(answer, now)
                self._lanes[lane].hear(answer, now)
            if told_at is not None:
                self._compare_clocks(told_at, now)

    def _compare_clocks(self, told_at: datetime, now: datetime) -> None:
        skew = told_at - now.replace(microsecond=0)
        step = abs(skew - (skew if self.clock_skew is None else self.clock_skew))
        if step > _A_STEP:
            self._last_set = (now, max(step, self.was_set_by()))
        self.clock_skew = skew

    def _unanswered(self, what: str, error: httpx.HTTPError) -> CallError:
        why = "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error)
        never_left = isinstance(error, _NEVER_LEFT)
        message = f"{self.name}: {what}: cannot be reached: {why or type(error).__name__}"
        return CallError(message, may_have_arrived=not never_left)

    def _refused(self, what: str, answer: httpx.Response) -> CallError:
        status = answer.status_code
        said = _said(answer)
        advice = _ADVICE.get(status, "")
        is_news = said.lower() != answer.reason_phrase.lower()
        head = f"{self.name}: {what}: {status} {answer.reason_phrase}".rstrip()
        parts = [head, said if is_news else "", advice]
        return CallError(
            ": ".join(part for part in parts if part),
            status,
            wait_of(answer, self._clock()),
            may_have_arrived=answer.is_server_error and status != HTTPStatus.SERVICE_UNAVAILABLE,
        )


def _said(answer: httpx.Response) -> str:
    """What a refusal says of itself, on one line; nothing where it is a page for people."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    said = _worded(body)
    if isinstance(body, dict):
        first = next((body[key] for key in _WORDS if body.get(key)), "")
        details = body.get("errors") if first != body.get("errors") else None
        said = ": ".join(_worded(one) for one in (first, details) if one)
    text = " ".join(said.split())
    return text if len(text) <= _MOST_OF_A_BODY else f"{text[:_MOST_OF_A_BODY]}…"


def _worded(said: object) -> str:
    """Faults of fields, as helpdesks tell them, in words."""
    if isinstance(said, list):
        return "; ".join(map(_worded, said))
    if not isinstance(said, dict):
        return str(said)
    if {"field", "message"} <= said.keys():
        return f"{said['field']}: {said['message']}"
    return "; ".join(f"{name}: {_worded(one)}" for name, one in said.items())
