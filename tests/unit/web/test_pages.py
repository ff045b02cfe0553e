"""The pages, over a real socket of this machine."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.insight.contracts.documents import HealthDocument
from engine.web.pages import pages
from engine.web.server import WebError, WebServer

HEALTHY: HealthDocument = {
    "format": "escalatord.health/1",
    "ready": True,
    "problems": [],
    "degraded": False,
    "generation": "abc",
    "pid": 1,
    "uptime_seconds": 5,
    "last_tick_seconds": 1,
    "helpdesks": [],
    "failing": [],
}


@dataclass
class Site:
    """A server, and what its pages are to tell."""

    health: HealthDocument = field(default_factory=lambda: HEALTHY)
    url: str = ""

    def __post_init__(self) -> None:
        self.server = WebServer(
            pages(lambda: self.health, lambda: b"escalatord_rules 1.0\n", "text/plain"),
            "127.0.0.1",
            0,
        )

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - ours
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - ours
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def document(self, path: str) -> tuple[int, dict[str, Any]]:
        code, text = self.get(path)
        return code, json.loads(text)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    site.url = site.server.start()
    yield site
    site.server.stop()


def test_a_process_that_lives_says_ok(site: Site) -> None:
    assert site.get("/healthz") == (200, "ok\n")


def test_a_daemon_that_is_ready_says_so_with_200(site: Site) -> None:
    assert site.document("/readyz") == (200, HEALTHY)


def test_one_that_is_not_says_why_with_503(site: Site) -> None:
    why = "the last good evaluation was 91 seconds ago"
    site.health = {**HEALTHY, "ready": False, "problems": [why]}

    code, told = site.document("/readyz")

    assert (code, told["problems"]) == (503, [why])


def test_one_that_is_degraded_is_ready_all_the_same(site: Site) -> None:
    site.health = {**HEALTHY, "degraded": True}

    code, told = site.document("/readyz")

    assert (code, told["degraded"]) == (200, True)


def test_the_numbers_are_served(site: Site) -> None:
    assert site.get("/metrics") == (200, "escalatord_rules 1.0\n")


@pytest.mark.parametrize("path, method, code", [("/", "GET", 404), ("/metrics", "POST", 405)])
def test_there_is_nothing_else(site: Site, path: str, method: str, code: int) -> None:
    assert site.get(path, method)[0] == code


def test_a_question_without_a_body_is_answered_too(site: Site) -> None:
    assert site.get("/readyz", "HEAD") == (200, "")


def test_nobody_listens_after_it_has_stopped() -> None:
    site = Site()
    site.url = site.server.start()
    site.server.stop()
    site.server.stop()

    with pytest.raises(urllib.error.URLError):
        site.get("/healthz")


def test_an_address_that_is_taken_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = WebServer(pages(lambda: HEALTHY, bytes, "text/plain"), "127.0.0.1", port)

        with pytest.raises(WebError) as caught:
            other.start()

    assert str(caught.value) == (
        f"health and metrics cannot be served on 127.0.0.1:{port}: Address already in use;"
        " free it, or name another by web.listen"
    )


def test_it_can_listen_on_ipv6() -> None:
    server = WebServer(pages(lambda: HEALTHY, bytes, "text/plain"), "::1", 0)
    try:
        url = server.start()
    except WebError:
        pytest.skip("this machine has no IPv6")
    with urllib.request.urlopen(f"{url}/healthz", timeout=30) as reply:  # noqa: S310 - ours
        assert reply.status == 200
    server.stop()
