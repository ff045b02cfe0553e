"""``POST /v1/tickets`` and ``POST /v1/events``: what happened elsewhere, in our own vocabulary.

1. Whoever bears neither a token nor a signature is refused before the body is read.
2. The body is read, so far and so long; then the signature is verified, and every item.
3. What is good is kept by `Commits`. Only when it outlives a power cut, the sender hears 202.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from engine.intake.posting import FutureError, Item, kept
from engine.intake.reading import BadJsonError, FaultyItemsError, ItemFault, TooManyError
from engine.pipeline.intake import Delivery, Outcome
from engine.ports import Post
from engine.web.intake.body import read_body
from engine.web.intake.keeping import keep
from engine.web.intake.problem import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from engine.web.intake.intake import Intake


class Receiving:
    """One of the two addresses."""

    def __init__(self, intake: Intake, read: Callable[[bytes], Sequence[Item]]) -> None:
        """Receive what `read` finds in a body."""
        self._intake = intake
        self._read = read

    async def __call__(self, request: Request) -> Response:
        """Keep what a request brings.

        Raises:
            RefusedError: It cannot be taken.
        """
        self._intake.access.precheck(request.headers)
        body = await read_body(request, self._intake.patience)
        let = self._intake.access.let_in(request.headers, body, self._intake.real_now())
        posts = self._posts(let.helpdesk, body)
        outcome = await keep(self._intake, Delivery(let.helpdesk, posts, stamp=let.stamp))
        _refuse_conflicts(outcome, posts)
        told = {"helpdesk": let.helpdesk, "taken": outcome.taken, "known": outcome.known}
        return JSONResponse(told, HTTPStatus.ACCEPTED, {"Cache-Control": "no-store"})

    def _posts(self, helpdesk: str, body: bytes) -> tuple[Post, ...]:
        now = self._intake.now()
        try:
            items = kept(self._read(body), now)
        except BadJsonError as error:
            detail = f"the body is no JSON: {error}"
            raise RefusedError(HTTPStatus.BAD_REQUEST, "bad-json", detail) from None
        except TooManyError as error:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise RefusedError(status, "too-many", str(error)) from None
        except FaultyItemsError as error:
            raise _faulty(error.faults) from None
        except FutureError as error:
            raise _faulty([ItemFault(error.item, "at", "future", str(error))]) from None
        return tuple(
            Post(
                helpdesk=helpdesk,
                key=one.key,
                digest=one.digest,
                ticket=f"{helpdesk}:{one.ticket}",
                at=one.at,
                received_at=now,
                body=one.body,
            )
            for one in items
        )


def _faulty(faults: Sequence[ItemFault]) -> RefusedError:
    noun = "item is" if len(faults) == 1 else "items are"
    detail = f"{len(faults)} {noun} at fault, and nothing was taken: {faults[0].message}"
    return RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "faulty", detail, faults)


def _refuse_conflicts(outcome: Outcome, posts: Sequence[Post]) -> None:
    if not outcome.conflicts:
        return
    faults = [
        ItemFault(place, "id", "conflict", f"{_id(posts[place])} was sent before, and said another")
        for place in outcome.conflicts
    ]
    detail = f"nothing was taken: {faults[0].message}; give what is new an id of its own"
    raise RefusedError(HTTPStatus.CONFLICT, "conflict", detail, faults)


def _id(post: Post) -> str:
    return f"'{post.key.partition('/')[2]}'"
