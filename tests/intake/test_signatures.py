"""Requests signed as Standard Webhooks has it, by that project's own library."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from engine.signature import key_of
from tests.intake.conftest import MakeBox
from tests.intake.letterbox import Letterbox, event

SECRET = f"whsec_{base64.b64encode(b'a' * 32).decode()}"
NEW_SECRET = f"whsec_{base64.b64encode(b'b' * 32).decode()}"
STRANGE_SECRET = f"whsec_{base64.b64encode(b'c' * 32).decode()}"
SECOND = timedelta(seconds=1)


@pytest.fixture
def signed_box(make_box: MakeBox) -> Letterbox:
    """A letterbox whose secret is being changed: two are good."""
    keys = [key for one in (NEW_SECRET, SECRET) if (key := key_of(one))]
    return make_box(keys=tuple(keys))


def signed(
    what: object, at: datetime, secret: str = SECRET, webhook_id: str | None = None
) -> tuple[str, dict[str, str]]:
    """A body, and the headers that sign it."""
    body, name = json.dumps(what), webhook_id or f"msg_{uuid.uuid4().hex}"
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body),
    }
    return body, headers


def send(box: Letterbox, body: str, headers: dict[str, str]) -> Any:  # noqa: ANN401
    return box.post("/v1/events", body, token=None, **headers)


@pytest.mark.parametrize("secret", [SECRET, NEW_SECRET])
def test_whoever_signs_with_one_of_the_secrets_is_let_in(
    signed_box: Letterbox, secret: str
) -> None:
    answer = send(signed_box, *signed(event(1), signed_box.real_now, secret))

    assert answer.status_code == 202
    assert [post.key for post in signed_box.kept()] == ["event/e1"]


def test_one_good_signature_among_several_is_enough(signed_box: Letterbox) -> None:
    body, headers = signed(event(1), signed_box.real_now)
    _, strange = signed(event(1), signed_box.real_now, STRANGE_SECRET, headers["webhook-id"])
    headers["webhook-signature"] = (
        f"{strange['webhook-signature']} v1a,xyz {headers['webhook-signature']}"
    )

    assert send(signed_box, body, headers).status_code == 202


def forged(box: Letterbox, body: str, headers: dict[str, str]) -> str:
    """What a forged request is told; it is told to the log as well, and nothing is taken."""
    answer = send(box, body, headers)
    assert answer.status_code == 401
    assert [line["reason"] for line in box.log.of("intake.refused")] == ["forged"]
    assert box.kept() == []
    return str(answer.json()["detail"])


def test_a_forged_signature_is_refused(signed_box: Letterbox) -> None:
    detail = forged(signed_box, *signed(event(1), signed_box.real_now, STRANGE_SECRET))

    assert "webhook-signature is not that of this body" in detail


def test_another_body_than_the_signed_one_is_refused(signed_box: Letterbox) -> None:
    body, headers = signed(event(1), signed_box.real_now)

    assert "not that of this body" in forged(signed_box, body.replace("e1", "e2"), headers)


@pytest.mark.parametrize("away", [-301 * SECOND, 301 * SECOND])
def test_a_signature_of_another_time_is_refused(signed_box: Letterbox, away: timedelta) -> None:
    detail = forged(signed_box, *signed(event(1), signed_box.real_now + away))

    assert "within five minutes" in detail


@pytest.mark.parametrize("lacking", ["webhook-id", "webhook-timestamp"])
def test_a_signature_without_all_its_headers_is_refused(
    signed_box: Letterbox, lacking: str
) -> None:
    body, headers = signed(event(1), signed_box.real_now)
    del headers[lacking]

    assert "webhook-timestamp" in forged(signed_box, body, headers)


def test_a_replay_is_refused_and_told_to_the_log(signed_box: Letterbox) -> None:
    body, headers = signed(event(1), signed_box.real_now)
    first, again = send(signed_box, body, headers), send(signed_box, body, headers)

    assert (first.status_code, again.status_code) == (202, 401)
    assert again.json()["code"] == "replayed"
    assert [line["reason"] for line in signed_box.log.of("intake.refused")] == ["replayed"]
    assert len(signed_box.kept()) == 1


def test_a_replay_is_known_after_a_restart(make_box: MakeBox) -> None:
    keys = tuple(key for one in (SECRET,) if (key := key_of(one)))
    body, headers = signed({"id": "1"}, make_box(keys=keys).real_now)
    first = make_box(keys=keys).post("/v1/tickets", body, token=None, **headers)
    again = make_box(keys=keys).post("/v1/tickets", body, token=None, **headers)

    assert (first.status_code, again.status_code) == (202, 401)


def test_a_sender_that_tries_again_signs_anew_and_is_let_in(signed_box: Letterbox) -> None:
    send(signed_box, *signed(event(1), signed_box.real_now, webhook_id="msg_1"))
    later = signed_box.real_now + SECOND
    again = send(signed_box, *signed(event(1), later, webhook_id="msg_1"))

    assert again.status_code == 202
    assert again.json() == {"helpdesk": "web", "taken": 0, "known": 1}
