"""Other helpdesks' webhooks make a ticket due at once, and are believed in nothing else."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.domain.ticket import Status, Ticket
from engine.simulation.helpdesk import ScriptedHelpdesk
from engine.web.intake.hooks import FORMS, Hook
from tests.intake.conftest import MakeBox
from tests.intake.letterbox import NOW, Letterbox

TOKEN = "a-token-for-hooks-01234"
KEY = b"the-secret-of-the-hook"

ZAMMAD = {"ticket": {"id": 81, "number": "31002", "state": "open"}, "article": {"body": "Hi"}}
ZENDESK = {"type": "zen:event-type:ticket.status_changed", "detail": {"id": "81"}, "event": {}}
FRESHDESK = {"freshdesk_webhook": {"ticket_id": 81, "ticket_status": "Open"}}
JIRA = {"webhookEvent": "jira:issue_updated", "issue": {"id": "10002", "key": "SUP-81"}}


Proof = Callable[[bytes, datetime], dict[str, str]]
"""Gives the headers by which a body, sent at an instant, proves itself."""


def hub(digest: str) -> Proof:
    def headers(body: bytes, at: datetime) -> dict[str, str]:
        del at
        return {"x-hub-signature": f"{digest}={hmac.new(KEY, body, digest).hexdigest()}"}

    return headers


def zendesk(body: bytes, at: datetime) -> dict[str, str]:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = base64.b64encode(hmac.digest(KEY, stamp.encode() + body, "sha256")).decode()
    return {
        "x-zendesk-webhook-signature": signature,
        "x-zendesk-webhook-signature-timestamp": stamp,
    }


def token(body: bytes, at: datetime) -> dict[str, str]:
    del body, at
    return {"authorization": f"Bearer {TOKEN}"}


def basic(body: bytes, at: datetime) -> dict[str, str]:
    del body, at
    return {"authorization": f"Basic {base64.b64encode(f'desk:{TOKEN}'.encode()).decode()}"}


SIGNED = [
    ("zammad", ZAMMAD, hub("sha1"), "desk:81"),
    ("zendesk", ZENDESK, zendesk, "desk:81"),
    ("jira", JIRA, hub("sha256"), "desk:SUP-81"),
    *(
        (form, payload, proof, f"desk:{'SUP-' if form == 'jira' else ''}81")
        for form, payload in {
            "zammad": ZAMMAD,
            "zendesk": ZENDESK,
            "freshdesk": FRESHDESK,
            "jira": JIRA,
        }.items()
        for proof in (token, basic)
    ),
]


def hooked(make_box: MakeBox, form: str) -> Letterbox:
    return make_box(hooks={"desk": Hook("desk", FORMS[form], (TOKEN,), (KEY,))})


def send(box: Letterbox, payload: object, headers: dict[str, str]) -> Any:  # noqa: ANN401
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return box.post("/v1/hooks/desk", body, token=None, **headers)


def nudged(box: Letterbox) -> list[str]:
    with box.store.read() as tx:
        return [nudge.ticket for nudge in tx.nudges("desk", 100)]


@pytest.mark.parametrize("form, payload, proof, ticket", SIGNED)
def test_a_webhook_that_proves_itself_makes_its_ticket_due(
    make_box: MakeBox, form: str, payload: object, proof: Proof, ticket: str
) -> None:
    box = hooked(make_box, form)
    body = json.dumps(payload).encode()
    answer = send(box, body, proof(body, box.real_now))

    assert answer.status_code == 202
    assert answer.json() == {"helpdesk": "desk", "ticket": ticket}
    assert nudged(box) == [ticket]
    assert box.woken == 1


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"x-hub-signature": "sha1=00"},
        {"x-hub-signature": "md5=" + hmac.new(KEY, b"{}", "md5").hexdigest()},
        {"x-zendesk-webhook-signature": "AAAA"},
    ],
)
def test_a_webhook_that_proves_nothing_is_refused(
    make_box: MakeBox, form: str, headers: dict[str, str]
) -> None:
    box = hooked(make_box, form)

    assert send(box, b"{}", headers).status_code == 401
    assert nudged(box) == []
    assert [line["reason"] for line in box.log.of("intake.refused")] == ["forged"]


def test_a_webhook_of_zendesk_that_was_signed_long_ago_is_refused(make_box: MakeBox) -> None:
    box = hooked(make_box, "zendesk")
    body = json.dumps(ZENDESK).encode()

    assert send(box, body, zendesk(body, box.real_now - timedelta(hours=1))).status_code == 401


def test_a_weaker_digest_than_the_system_uses_proves_nothing(make_box: MakeBox) -> None:
    box = hooked(make_box, "jira")
    body = json.dumps(JIRA).encode()

    assert send(box, body, hub("sha1")(body, box.real_now)).status_code == 401


@pytest.mark.parametrize(
    "payload",
    [{}, [], 5, "x", {"ticket": None}, {"ticket": {"id": True}}, {"ticket": {"id": "../../1"}}],
)
def test_a_webhook_about_no_ticket_is_taken_and_makes_nothing_due(
    make_box: MakeBox, payload: object
) -> None:
    box = hooked(make_box, "zammad")
    answer = send(box, payload, token(b"", NOW))

    assert (answer.status_code, answer.json()["ticket"]) == (202, None)
    assert nudged(box) == []


def test_a_helpdesk_without_a_hook_is_unknown(box: Letterbox) -> None:
    answer = box.post("/v1/hooks/nobody", {})

    assert answer.status_code == 404
    assert "web.hooks" in answer.json()["detail"]


def test_the_ticket_is_read_by_its_connector_and_not_from_the_payload(make_box: MakeBox) -> None:
    box = hooked(make_box, "zammad")
    desk = ScriptedHelpdesk()
    opened = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    desk.open(Ticket(id="desk:81", created_at=opened, subject="Printer", status=Status.OPEN))
    send(box, {"ticket": {"id": 81, "subject": "Lies", "state": "closed"}}, token(b"", NOW))

    box.ingest_nudged(desk)

    record = box.record("desk:81")
    assert (record.source.subject, record.source.status) == ("Printer", Status.OPEN)
    assert nudged(box) == []


def test_a_ticket_that_cannot_be_read_spends_its_nudge(make_box: MakeBox) -> None:
    box = hooked(make_box, "zammad")
    send(box, {"ticket": {"id": 404}}, token(b"", NOW))
    taken = box.ingest_nudged(ScriptedHelpdesk())

    assert taken.tickets == 0
    assert nudged(box) == []
