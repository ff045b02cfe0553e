"""All that the daemon serves: `/healthz`, `/readyz`, `/metrics`, and the pages for people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from engine.errors import StoreError
from engine.links import ACKNOWLEDGE, SURVEY
from engine.web.acknowledging import Acknowledging
from engine.web.intake.routes import PREFIX, intake_routes, on_wrong_address
from engine.web.refusing import on_failure, on_http_error
from engine.web.surveying import Surveying

if TYPE_CHECKING:
    from engine.insight.contracts.documents import HealthDocument
    from engine.web.intake.intake import Intake
    from engine.web.people import People

Answering = Callable[[Request], Awaitable[Response]]
_FRESH: Final = {"Cache-Control": "no-store"}


def pages(
    health: Callable[[], HealthDocument],
    metrics: Callable[[], bytes],
    content_type: str,
    people: People | None = None,
    public_url: str = "",
    intake: Intake | None = None,
) -> Starlette:
    """The pages as an application.

    Args:
        health: Gives the present health.
        metrics: Gives the present numbers.
        content_type: In which format these are.
        people: What the pages for people stand on; None where messages hold no links.
        public_url: Where browsers find them. A proxy may pass its path on, or leave it out.
        intake: What the intake stands on; None where nobody may send us anything.
    """

    def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_FRESH)

    # No coroutines: what they ask may wait for the store, and the loop must not.
    def readyz(_: Request) -> Response:
        told = health()
        return Response(
            json.dumps(told, indent=2) + "\n",
            status_code=200 if told["ready"] else 503,
            media_type="application/json",
            headers=_FRESH,
        )

    def numbers(_: Request) -> Response:
        return Response(metrics(), headers={**_FRESH, "Content-Type": content_type})

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", numbers),
            *(_for_people(people, urlsplit(public_url).path) if people else ()),
            *(intake_routes(intake) if intake else ()),
        ],
        exception_handlers={HTTPException: _on_http_error, Exception: on_failure},
    )


def _on_http_error(request: Request, error: Exception) -> Response:
    """What is no address of ours, in the language of whoever asks: a program, or a person."""
    if request.url.path.startswith(PREFIX) and isinstance(error, HTTPException):
        return on_wrong_address(error)
    return on_http_error(request, error)


def _for_people(people: People, prefix: str) -> list[BaseRoute]:
    methods = ["GET", "POST"]
    acknowledge, survey = Acknowledging(people), Surveying(people)
    routes: list[BaseRoute] = [
        Route(f"/{ACKNOWLEDGE}/{{token}}", _guarded(people, acknowledge), methods=methods),
        Route(f"/{SURVEY}/{{token}}", _guarded(people, survey), methods=methods),
    ]
    return [*routes, *([Mount(prefix, routes=routes)] if prefix else [])]


def _guarded(people: People, answer: Answering) -> Answering:
    """A page that fails says so, to its reader and once to the log; never with the link in it."""

    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except HTTPException:
            raise
        except StoreError as error:
            people.log.error("page.failed", message=str(error))  # noqa: TRY400 - one clear line
            return on_failure(request, error)
        except Exception as error:
            people.log.exception("page.failed")
            return on_failure(request, error)

    return guarded
