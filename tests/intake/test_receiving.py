"""What is sent is kept before it is answered, once, and refused in one clear line."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from engine.pipeline.intake import IntakeAnswer
from engine.ports import Store
from engine.web import crowd
from tests.intake.conftest import MakeBox
from tests.intake.letterbox import OTHER_TOKEN, TOKEN, Letterbox, event

TICKET = {"id": "4711", "subject": "Printer is on fire", "priority": "high"}


def refusal(answer: Any, status: int) -> dict[str, Any]:  # noqa: ANN401
    """The document of an answer that refuses."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert "\n" not in document["detail"]
    return document


def test_a_ticket_is_kept_before_it_is_answered(box: Letterbox) -> None:
    answer = box.post("/v1/tickets", TICKET)

    assert answer.status_code == 202
    assert answer.json() == {"helpdesk": "web", "taken": 1, "known": 0}
    (post,) = box.kept()
    assert (post.ticket, post.at) == ("web:4711", box.now)


def test_a_batch_is_kept_in_its_order(box: Letterbox) -> None:
    answer = box.events(*(event(n, ticket=str(n)) for n in range(100)))

    assert answer.json()["taken"] == 100
    assert [post.ticket for post in box.kept()] == [f"web:{n}" for n in range(100)]


def test_the_token_says_for_which_helpdesk(box: Letterbox) -> None:
    answer = box.post("/v1/tickets", TICKET, token=OTHER_TOKEN)

    assert answer.json()["helpdesk"] == "bot"
    assert [post.ticket for post in box.kept("bot")] == ["bot:4711"]
    assert box.kept("web") == []


def test_an_event_that_is_sent_twice_is_taken_once(box: Letterbox) -> None:
    box.events(event(1))
    again = box.events(event(1), event(2), event(2))

    assert again.json() == {"helpdesk": "web", "taken": 1, "known": 2}
    assert [post.key for post in box.kept()] == ["event/e1", "event/e2"]


def test_the_same_id_at_another_helpdesk_is_another_event(box: Letterbox) -> None:
    box.events(event(1))
    other = box.post("/v1/events", event(1, text="Good evening"), token=OTHER_TOKEN)

    assert other.json()["taken"] == 1


def test_an_id_that_stands_for_something_else_is_told_and_nothing_is_taken(box: Letterbox) -> None:
    box.events(event(1))
    told = refusal(box.events(event(2), event(1, text="Good evening")), 409)

    assert told["code"] == "conflict"
    assert [(fault["item"], fault["code"]) for fault in told["errors"]] == [(1, "conflict")]
    assert "e1" in told["detail"]
    assert [post.key for post in box.kept()] == ["event/e1"]


def test_the_order_of_keys_makes_no_conflict(box: Letterbox) -> None:
    box.post("/v1/events", '{"id": "e1", "type": "created", "ticket": "1"}')
    again = box.post("/v1/events", '{"ticket": "1", "type": "created", "id": "e1"}')

    assert again.json()["known"] == 1


@pytest.mark.parametrize(
    "body, field, code, words",
    [
        ({**TICKET, "priorty": "low"}, "priorty", "unknown-key", "did you mean 'priority'?"),
        ({**TICKET, "priority": 3}, "priority", "unknown-value", "'low', 'medium'"),
        ({**TICKET, "at": "2026-03-02T16:00:00"}, "at", "no-zone", "no zone"),
        ({**TICKET, "at": "yesterday"}, "at", "no-instant", "no instant"),
        ({**TICKET, "at": "2030-01-01T00:00:00Z"}, "at", "future", "still to come"),
        ({**TICKET, "id": "a b"}, "id", "string_pattern_mismatch", "blanks"),
        ({**TICKET, "subject": "a\0b"}, "subject", "string_pattern_mismatch", "control"),
        ({**TICKET, "customer": {"mail": "x"}}, "customer.mail", "unknown-key", "'email'"),
        ({"subject": "x"}, "id", "missing-key", "'id' is missing"),
        ([5], "", "no-object", "no object"),
        ("5", "", "list_type", "send an object"),
    ],
)
def test_a_faulty_ticket_is_named_with_what_to_do(
    box: Letterbox, body: object, field: str, code: str, words: str
) -> None:
    told = refusal(box.post("/v1/tickets", body), 422)

    (fault,) = told["errors"]
    assert (fault["item"], fault["field"], fault["code"]) == (0, field, code)
    assert words in fault["message"]
    assert box.kept() == []


def test_there_is_one_error_for_each_faulty_item_and_nothing_is_taken(box: Letterbox) -> None:
    told = refusal(
        box.events(
            event(1),
            {"id": "e2", "type": "mesage", "ticket": "1"},
            event(3, "changed", set={"statu": "open", "priority": 3, "tags": None}),
            {"id": "e4"},
        ),
        422,
    )

    assert [(fault["item"], fault["field"], fault["code"]) for fault in told["errors"]] == [
        (1, "", "unknown-type"),
        (2, "set.statu", "unknown-key"),
        (3, "type", "missing-key"),
    ]
    assert box.kept() == []


@pytest.mark.parametrize(
    "body", ["", "{", "[1,]", b"\xff", '{"id": "\\ud800"}', "{},{}", "[" * 999]
)
def test_what_is_no_json_is_a_bad_request(box: Letterbox, body: str | bytes) -> None:
    assert refusal(box.post("/v1/events", body), 400)["code"] == "bad-json"


def test_other_types_of_content_are_refused(box: Letterbox) -> None:
    told = refusal(box.post("/v1/tickets", "id=1", **{"content-type": "text/plain"}), 415)

    assert "application/json" in told["detail"]


def test_more_than_a_megabyte_is_refused_announced_or_not(box: Letterbox) -> None:
    large = json.dumps({**TICKET, "subject": "x" * (1 << 20)}).encode()
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}

    def in_parts() -> Any:  # noqa: ANN401
        yield large[: 1 << 19]
        yield large[1 << 19 :]

    assert refusal(box.post("/v1/tickets", large), 413)["code"] == "too-large"
    unannounced = box.client.post("/v1/tickets", content=in_parts(), headers=headers)
    assert refusal(unannounced, 413)["code"] == "too-large"
    assert box.kept() == []


def test_more_than_a_thousand_items_are_refused(box: Letterbox) -> None:
    told = refusal(box.events(*(event(n) for n in range(1001))), 413)

    assert told["code"] == "too-many"


@pytest.mark.parametrize(
    "headers, code",
    [
        ({}, "no-token"),
        ({"authorization": "Basic d2ViOng="}, "no-token"),
        ({"authorization": "Bearer wrong"}, "wrong-token"),
        ({"authorization": "Bearer \u00e4"}, "wrong-token"),
    ],
)
def test_whoever_has_no_token_is_refused_and_told_of_in_the_log(
    box: Letterbox, headers: dict[str, str], code: str
) -> None:
    given = {name: value.encode() for name, value in headers.items()}
    answer = box.client.post("/v1/tickets", content=b"{}", headers=given)  # type: ignore[arg-type]

    assert refusal(answer, 401)["code"] == code
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert box.log.of("intake.refused") == [
        {"path": "/v1/tickets", "reason": code, "peer": "127.0.0.1"}
    ]


def test_other_addresses_and_methods_are_refused_as_programs_read_it(box: Letterbox) -> None:
    assert refusal(box.client.get("/v1/tickets"), 405)["detail"] == "this address takes POST"
    assert refusal(box.client.get("/v1/nothing"), 404)["status"] == 404


def test_a_body_that_does_not_come_is_not_waited_for(make_box: MakeBox) -> None:
    box = make_box(patience=0.2)
    head = (
        f"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with connected(box) as slow:
        slow.sendall(head.encode())
        answer = b"".join(iter(lambda: slow.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"too-slow" in answer


def test_what_becomes_of_each_request_is_counted(box: Letterbox) -> None:
    box.events(event(1))
    box.post("/v1/events", event(2), token="wrong")
    box.post("/v1/events", "{")

    assert box.answers == [IntakeAnswer.TAKEN, IntakeAnswer.REFUSED, IntakeAnswer.REFUSED]


def test_a_connection_over_which_no_request_comes_is_ended(
    make_box: MakeBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "HEADERS_WITHIN", 0.2)
    with connected(make_box()) as silent:
        silent.sendall(b"POST /v1/events HTTP/1.1\r\nHost:")
        assert silent.recv(65536) == b""


def test_who_comes_when_too_many_are_connected_is_asked_to_come_again(
    box: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "MOST_CONNECTIONS", 3)
    with ExitStack() as others:
        for _ in range(3):
            asked = others.enter_context(connected(box))
            asked.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert asked.recv(65536).startswith(b"HTTP/1.1 200 ")
        with connected(box) as fourth:
            answer = b"".join(iter(lambda: fourth.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After: 1\r\n" in answer


def connected(box: Letterbox) -> socket.socket:
    parts = urlsplit(box.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def test_whoever_finds_no_room_is_asked_to_come_again_and_nothing_is_lost(box: Letterbox) -> None:
    def send(number: int) -> tuple[int, int, str | None]:
        answer = box.post("/v1/events", event(number))
        return number, answer.status_code, answer.headers.get("retry-after")

    with ThreadPoolExecutor(100) as senders:
        with box.store.write():  # the disk is busy
            sent = [senders.submit(send, number) for number in range(200)]
            refused = [one for one in map(_result_of_refused, sent) if one]
            while not refused:
                refused = [one for one in map(_result_of_refused, sent) if one]
        answers = [one.result() for one in sent]

    assert {status for _, status, _ in answers} == {202, 429}
    assert {wait for _, status, wait in answers if status == 429} == {"1"}
    assert box.answers.count(IntakeAnswer.BUSY) == [status for _, status, _ in answers].count(429)
    kept = {post.key for post in box.kept()}
    assert kept == {f"event/e{number}" for number, status, _ in answers if status == 202}


def _result_of_refused(sent: Any) -> Any:  # noqa: ANN401
    """The answer of one that need not wait, as soon as it is there."""
    return sent.result() if sent.done() else None


def test_what_was_answered_stands_in_the_store_of_another_process(box: Letterbox) -> None:
    from engine.store import open_store

    box.events(event(1))
    other: Store = open_store(f"sqlite:///{box.folder}/store.db")
    with other.read() as tx:
        assert [post.key for post in tx.posts("web", 0, 10)] == ["event/e1"]
    other.close()


def test_what_is_taken_is_published(box: Letterbox) -> None:
    from engine.intake.openapi import openapi

    assert box.client.get("/v1/openapi.json").json() == json.loads(json.dumps(openapi()))
