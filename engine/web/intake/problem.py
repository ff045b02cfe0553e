"""Answers that refuse, as RFC 9457 has them: one line for a person, stable words for a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from engine.intake.reading import ItemFault

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = "1"
"""Seconds: by then there is room again, unless we are far behind."""


class RefusedError(Exception):
    """A request is refused.

    Attributes:
        status: The HTTP status.
        code: Stable name of the reason.
        detail: One line that says what is wrong and what to do.
        faults: For items that are at fault: one for each.
    """

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, faults: Sequence[ItemFault] = ()
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = tuple(faults)
        super().__init__(detail)


_HEADERS: Final[Mapping[HTTPStatus, Mapping[str, str]]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Bearer realm="escalatord"'},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": RETRY_AFTER},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": RETRY_AFTER},
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {"Connection": "close"},
    HTTPStatus.REQUEST_TIMEOUT: {"Connection": "close"},
}


def problem(refused: RefusedError) -> Response:
    """The answer that refuses."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": refused.status.phrase,
        "status": refused.status.value,
        "code": refused.code,
        "detail": refused.detail,
    }
    if refused.faults:
        document["errors"] = [
            {"item": f.item, "field": f.field, "code": f.code, "message": f.message}
            for f in refused.faults
        ]
    return Response(
        json.dumps(document) + "\n",
        status_code=refused.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **_HEADERS.get(refused.status, {})},
    )
