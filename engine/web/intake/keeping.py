"""From a request that is good to the news that it outlives a power cut."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from engine.errors import StoreBusyError, StoreError
from engine.web.intake.commits import FullError
from engine.web.intake.problem import RefusedError

if TYPE_CHECKING:
    from engine.pipeline.intake import Delivery, Outcome
    from engine.web.intake.intake import Intake

_COME_AGAIN = "so much has come that this must wait; send it again"


async def keep(intake: Intake, delivery: Delivery) -> Outcome:
    """What became of what a request brings, once it is on the disk.

    Raises:
        RefusedError: There is no room now, it is a replay, or the store cannot be written.
    """
    try:
        outcome = await asyncio.wrap_future(intake.commits.keep(delivery))
    except (FullError, StoreBusyError):
        raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "busy", _COME_AGAIN) from None
    except StoreError as error:
        intake.log.error("intake.failed", message=str(error))  # noqa: TRY400 - one clear line
        detail = "nothing was taken: our store cannot be written; send it again later"
        raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "store", detail) from None
    if outcome.is_replay:
        detail = "this webhook-id was let in with this very timestamp; sign anew to try again"
        raise RefusedError(HTTPStatus.UNAUTHORIZED, "replayed", detail)
    return outcome
