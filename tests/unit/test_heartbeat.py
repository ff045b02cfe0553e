"""The dead man's switch: pings for as long as the daemon ticks; trouble is told once."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog

from engine import logs
from engine.heartbeat import Heartbeat


@dataclass
class Listener:
    """Whoever raises the alarm when the pings end."""

    code: int = 200
    paths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.paths.append(self.path)
                self.send_response(listener.code)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/secret"


@dataclass
class Body:
    """A daemon as far as a heartbeat knows it."""

    last_tick: float | None = 1.0


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever, args=(0.01,))
    thread.start()
    yield listener
    listener.server.shutdown()
    thread.join()
    listener.server.server_close()


@pytest.fixture
def body() -> Body:
    return Body()


@pytest.fixture
def said() -> Iterator[list[Mapping[str, Any]]]:
    with structlog.testing.capture_logs() as said:
        yield said  # type: ignore[misc]


@pytest.fixture
def heartbeat(listener: Listener, body: Body) -> Heartbeat:
    return Heartbeat(listener.url, lambda: body.last_tick, logs.get())


def test_it_pings_after_a_good_evaluation(heartbeat: Heartbeat, listener: Listener) -> None:
    assert heartbeat.beat()
    assert listener.paths == ["/ping/secret"]


def test_it_is_silent_before_the_first_evaluation(
    heartbeat: Heartbeat, listener: Listener, body: Body
) -> None:
    body.last_tick = None

    assert not heartbeat.beat()
    assert listener.paths == []


def test_it_falls_silent_when_the_evaluations_end(
    heartbeat: Heartbeat, listener: Listener, body: Body
) -> None:
    heartbeat.beat()
    heartbeat.beat()
    assert len(listener.paths) == 1

    body.last_tick = 2.0

    assert heartbeat.beat()
    assert len(listener.paths) == 2


def test_trouble_is_told_once_until_it_is_over(
    heartbeat: Heartbeat, listener: Listener, body: Body, said: list[Mapping[str, Any]]
) -> None:
    listener.code = 500
    assert not heartbeat.beat()
    body.last_tick = 2.0
    assert not heartbeat.beat()
    listener.code = 200
    assert heartbeat.beat()

    assert [each["event"] for each in said] == ["heartbeat.failed", "heartbeat.recovered"]
    assert said[0]["message"] == "the heartbeat did not arrive: Internal Server Error"


def test_what_did_not_arrive_is_tried_again_without_a_new_evaluation(
    heartbeat: Heartbeat, listener: Listener
) -> None:
    listener.code = 503
    heartbeat.beat()
    listener.code = 200

    assert heartbeat.beat()


def test_the_address_is_never_logged(body: Body, said: list[Mapping[str, Any]]) -> None:
    Heartbeat("http://127.0.0.1:9/ping/secret", lambda: body.last_tick, logs.get()).beat()

    assert said[0]["event"] == "heartbeat.failed"
    assert "secret" not in str(said)
