"""Other helpdesks' own webhooks: of what they say, only whose ticket it is, is believed.

The ticket is then read by its connector, so a payload may hold anything: it cannot put words into a
customer's mouth. Signatures are verified as each system makes them:

- Zammad: ``X-Hub-Signature: sha1=HEX``, HMAC-SHA1 of the body by the webhook's token
  (https://admin-docs.zammad.org, "Webhook").
- Zendesk: ``X-Zendesk-Webhook-Signature``, HMAC-SHA256 of ``X-Zendesk-Webhook-Signature-Timestamp``
  and the body, in base64 (https://developer.zendesk.com/documentation/webhooks/verifying).
- Jira: ``X-Hub-Signature: sha256=HEX``, HMAC-SHA256 of the body by the webhook's secret
  (https://developer.atlassian.com/cloud/jira/platform/webhooks).
- Freshdesk signs nothing: its automation sends a header of ours, so it needs a token.

A token is taken from any of them, as ``Authorization: Bearer TOKEN`` or as Basic's password.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from engine.pipeline.intake import Delivery
from engine.signature import TOLERANCE
from engine.web.intake.body import read_body
from engine.web.intake.keeping import keep
from engine.web.intake.problem import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from engine.web.intake.intake import Intake

_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MISSING: Final = object()

Signed = Callable[[Mapping[str, str], bytes, bytes, datetime], bool]
"""Whether a request (its headers, its body) was signed with a key, by an instant (aware)."""


def _hub(digest: str) -> Signed:
    """``X-Hub-Signature`` as WebSub has it, by one digest alone: a weaker one proves nothing."""

    def is_signed(headers: Mapping[str, str], body: bytes, key: bytes, now: datetime) -> bool:
        del now  # these signatures bear no time; a replay only has a ticket read again
        made = f"{digest}={hmac.digest(key, body, digest).hex()}"
        return _same(made, headers.get("x-hub-signature", ""))

    return is_signed


def _zendesk(headers: Mapping[str, str], body: bytes, key: bytes, now: datetime) -> bool:
    stamp = headers.get("x-zendesk-webhook-signature-timestamp", "")
    made = base64.b64encode(hmac.digest(key, stamp.encode() + body, "sha256")).decode()
    if not _same(made, headers.get("x-zendesk-webhook-signature", "")):
        return False
    try:
        at = datetime.fromisoformat(stamp)
        return abs(now - at) <= TOLERANCE
    except (ValueError, TypeError, OverflowError):
        return False


def _nobody(headers: Mapping[str, str], body: bytes, key: bytes, now: datetime) -> bool:
    del headers, body, key, now
    return False


@dataclass(frozen=True, slots=True)
class Form:
    """How a system's webhooks look.

    Attributes:
        is_signed: Whether a request bears the system's signature.
        paths: Where a payload may hold the ticket's id, the likeliest place first.
    """

    is_signed: Signed
    paths: tuple[tuple[str, ...], ...]


FORMS: Final[Mapping[str, Form]] = {
    "zammad": Form(_hub("sha1"), (("ticket", "id"),)),
    "zendesk": Form(_zendesk, (("detail", "id"), ("ticket", "id"), ("ticket_id",), ("id",))),
    "freshdesk": Form(
        _nobody, (("freshdesk_webhook", "ticket_id"), ("ticket", "id"), ("ticket_id",))
    ),
    "jira": Form(_hub("sha256"), (("issue", "key"), ("issueKey",))),
}


@dataclass(frozen=True, slots=True)
class Hook:
    """Whose webhooks make a helpdesk's tickets due.

    Attributes:
        helpdesk: The helpdesk's name.
        form: How they look.
        tokens: Any one of them lets in.
        keys: Whoever signs with one of them is let in.
    """

    helpdesk: str
    form: Form
    tokens: tuple[str, ...] = field(default=(), repr=False)
    keys: tuple[bytes, ...] = field(default=(), repr=False)

    def lets_in(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Whether a request proves that it comes from the system, or from who may speak for it."""
        given = _token(headers)
        by_token = [_same(_digest(given), _digest(token)) for token in self.tokens]
        signed = [self.form.is_signed(headers, body, key, now) for key in self.keys]
        return any(by_token) or any(signed)

    def ticket(self, payload: object) -> str | None:
        """The id (``HELPDESK:ID``) of the ticket that a payload is about; None where of none."""
        for path in self.form.paths:
            found = _at(payload, path)
            if isinstance(found, bool) or not isinstance(found, str | int):
                continue
            if _ID.fullmatch(str(found)):
                return f"{self.helpdesk}:{found}"
        return None


class Hooking:
    """``POST /v1/hooks/NAME``."""

    def __init__(self, intake: Intake) -> None:
        """Answer for the helpdesks that have hooks."""
        self._intake = intake

    async def __call__(self, request: Request) -> Response:
        """Have the ticket read at once that a webhook is about.

        Raises:
            RefusedError: It cannot be taken.
        """
        hook = self._intake.hooks.get(request.path_params["name"])
        if hook is None:
            detail = "no helpdesk of this name has a hook; add it below web.hooks"
            raise RefusedError(HTTPStatus.NOT_FOUND, "no-hook", detail)
        body = await read_body(request, self._intake.patience)
        if not hook.lets_in(request.headers, body, self._intake.real_now()):
            detail = "neither the signature nor the token is right"
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "forged", detail)
        ticket = hook.ticket(_payload(body))
        if ticket is not None:
            await keep(self._intake, Delivery(hook.helpdesk, nudged=(ticket,)))
            self._intake.wake()
        told = {"helpdesk": hook.helpdesk, "ticket": ticket}
        return JSONResponse(told, HTTPStatus.ACCEPTED, {"Cache-Control": "no-store"})


def _payload(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "bad-json", "the body is no JSON") from None


def _at(payload: object, path: Sequence[str]) -> object:
    found = payload
    for key in path:
        found = found.get(key, _MISSING) if isinstance(found, dict) else _MISSING
    return found


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))
