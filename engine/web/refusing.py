"""Pages that say why there is nothing to show, and what to do."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import StoreBusyError
from engine.links import Fault
from engine.web.rendering import page
from engine.web.words import LANGUAGES, preferred

_BY_STATUS: Final = {404: "not-found", 405: "wrong-method", 413: "too-large"}
_OF_A_TOKEN: Final = {Fault.TAMPERED: 403, Fault.EXPIRED: 410}


def refused(request: Request, why: str, status: int) -> Response:
    """A page that refuses, in the language that the browser asks for.

    Args:
        request: What was asked for.
        why: A key of `Words.refusals`.
        status: The HTTP status.
    """
    language = preferred(request.headers.get("accept-language", ""))
    return page("refusal", language, status, refusal=LANGUAGES[language].refusals[why])


def bad_token(request: Request, fault: Fault, *, to_staff: bool) -> Response:
    """The page for a token that opens nothing."""
    why = f"{fault.value}-staff" if to_staff else fault.value
    return refused(request, why, _OF_A_TOKEN[fault])


def unknown_ticket(request: Request) -> Response:
    """The page for a good token of a ticket that the store has forgotten."""
    return refused(request, "unknown", 404)


def on_http_error(request: Request, error: Exception) -> Response:
    """A page of ours for what has no page, and for what cannot be done with one."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = refused(request, _BY_STATUS.get(status, "failed"), status)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)  # which methods there are
    return response


def on_failure(request: Request, error: Exception) -> Response:
    """A page of ours for what failed on our side; nothing was saved."""
    if isinstance(error, StoreBusyError):
        return refused(request, "busy", 503)
    return refused(request, "failed", 500)
