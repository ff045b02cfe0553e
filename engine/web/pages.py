"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from engine.insight.contracts.documents import HealthDocument

_FRESH: Final = {"Cache-Control": "no-store"}


def pages(
    health: Callable[[], HealthDocument], metrics: Callable[[], bytes], content_type: str
) -> Starlette:
    """The pages as an application.

    Args:
        health: Gives the present health.
        metrics: Gives the present numbers.
        content_type: In which format these are.
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
        ]
    )
