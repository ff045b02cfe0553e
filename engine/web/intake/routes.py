"""The addresses of the intake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from starlette.routing import BaseRoute, Route

from engine.intake.reading import read_events, read_tickets
from engine.web.intake.hooks import Hooking
from engine.web.intake.problem import RefusedError, problem
from engine.web.intake.receiving import Receiving

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from engine.web.intake.intake import Intake

_OF_A_LIAR: Final = frozenset({"no-token", "wrong-token", "forged", "replayed"})

Answering = Callable[["Request"], Awaitable["Response"]]


def intake_routes(intake: Intake) -> list[BaseRoute]:
    """What the intake answers."""
    return [
        Route("/v1/tickets", _refusing(intake, Receiving(intake, read_tickets)), methods=["POST"]),
        Route("/v1/events", _refusing(intake, Receiving(intake, read_events)), methods=["POST"]),
        Route("/v1/hooks/{name}", _refusing(intake, Hooking(intake)), methods=["POST"]),
    ]


def _refusing(intake: Intake, answer: Answering) -> Answering:
    """A refusal becomes an answer; one of somebody who proved nothing is told to the log."""

    async def refusing(request: Request) -> Response:
        try:
            return await answer(request)
        except RefusedError as refused:
            if refused.code in _OF_A_LIAR:
                peer = request.client.host if request.client else None
                path = request.url.path
                intake.log.warning("intake.refused", path=path, reason=refused.code, peer=peer)
            return problem(refused)

    return refusing
