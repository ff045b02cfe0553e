"""The body of a request: so much of it, of this type, and within this time."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from engine.web.intake.problem import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BYTES: Final = 1 << 20
_JSON: Final = "application/json"


async def read_body(request: Request, patience: float) -> bytes:
    """The whole body.

    Args:
        request: Whose headers have been read.
        patience: Seconds of real time.

    Raises:
        RefusedError: It is no JSON by its own words, too large, or too slow.
    """
    _require_json(request)
    if int(request.headers.get("content-length", "0")) > MOST_BYTES:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(patience):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BYTES:
                    raise _too_large()
                parts.append(part)
    except TimeoutError:
        detail = f"the body did not come within {patience:g} s"
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "too-slow", detail) from None
    except ClientDisconnect:
        detail = "the connection was closed before the body had come"
        raise RefusedError(HTTPStatus.BAD_REQUEST, "cut-off", detail) from None
    return b"".join(parts)


def _require_json(request: Request) -> None:
    said = request.headers.get("content-type", "")
    if said.partition(";")[0].strip().lower() != _JSON:
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-json", "send Content-Type: application/json"
        )


def _too_large() -> RefusedError:
    detail = f"more than {MOST_BYTES} bytes; send smaller batches"
    return RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)
