"""The addresses of the intake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from engine.intake.openapi import openapi
from engine.intake.reading import read_events, read_tickets
from engine.pipeline.intake import IntakeAnswer
from engine.web.intake.hooks import Hooking
from engine.web.intake.problem import RefusedError, problem
from engine.web.intake.receiving import Receiving

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from engine.web.intake.intake import Intake

PREFIX: Final = "/v1/"
MOST_AT_ONCE: Final = 64
"""Requests that are read or wait for the disk; whoever comes then is asked to come again."""
_OF_A_LIAR: Final = frozenset({"no-token", "wrong-token", "forged", "replayed"})

Answering = Callable[["Request"], Awaitable["Response"]]


def intake_routes(intake: Intake) -> list[BaseRoute]:
    """What the intake answers."""
    turnstile = _Turnstile()
    answers: dict[str, Answering] = {
        "/v1/tickets": Receiving(intake, read_tickets),
        "/v1/events": Receiving(intake, read_events),
        "/v1/hooks/{name}": Hooking(intake),
    }
    receiving = (
        Route(path, _refusing(intake, turnstile, answer), methods=["POST"])
        for path, answer in answers.items()
    )
    return [*receiving, Route("/v1/openapi.json", _published)]


def on_wrong_address(error: HTTPException) -> Response:
    """The answer to whoever asks for what there is not, or in a way that it cannot be asked."""
    status = HTTPStatus(error.status_code)
    is_method = status is HTTPStatus.METHOD_NOT_ALLOWED
    detail = "this address takes POST" if is_method else "see /v1/openapi.json for what there is"
    response = problem(RefusedError(status, "no-such-address", detail))
    response.headers.update(error.headers or {})
    return response


def _published(_: Request) -> Response:
    return JSONResponse(openapi())


class _Turnstile:
    """Lets so many requests in at once."""

    def __init__(self) -> None:
        self._inside = 0

    def __enter__(self) -> None:
        if self._inside >= MOST_AT_ONCE:
            detail = "so many requests are under way that this must wait; send it again"
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail)
        self._inside += 1

    def __exit__(self, *_: object) -> None:
        self._inside -= 1


def _refusing(intake: Intake, turnstile: _Turnstile, answer: Answering) -> Answering:
    """A refusal becomes an answer; one of somebody who proved nothing is told to the log."""

    async def refusing(request: Request) -> Response:
        try:
            with turnstile:
                response = await answer(request)
        except RefusedError as refused:
            is_busy = refused.status is HTTPStatus.TOO_MANY_REQUESTS
            intake.answered(IntakeAnswer.BUSY if is_busy else IntakeAnswer.REFUSED)
            if refused.code in _OF_A_LIAR:
                peer = request.client.host if request.client else None
                path = request.url.path
                intake.log.warning("intake.refused", path=path, reason=refused.code, peer=peer)
            return problem(refused)
        intake.answered(IntakeAnswer.TAKEN)
        return response

    return refusing
