"""What the config file says of a helpdesk whose tickets are sent to us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from engine.domain.capability import Capabilities
from engine.domain.duration import Duration, DurationError
from engine.helpdesks.options import HelpdeskOptions, OptionFault, Options, PlaceOfFile, refuse

_LEAST: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def _keep(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    try:
        length = Duration.parse(value if isinstance(value, str) else "").to_timedelta(
            _DAY, 7 * _DAY
        )
    except DurationError as error:
        raise refuse("duration", str(error), error.help) from None
    if length < _LEAST:
        raise refuse("duration", "replays would be known for too short", "write 1h or more")
    return length


Text = Annotated[str, Field(min_length=1)]


class WriteBack(Options):
    """Where field changes and notes go.

    Attributes:
        webhook: Name of a channel of kind webhook.
    """

    webhook: Text


class SecretPlaces(Options):
    """Where it is kept what lets a sender in; each place may hold several, one a line.

    Attributes:
        token_file: Tokens, which senders show; or one of the two below.
        secret_file: Secrets, which senders sign with; or one of the two below.
    """

    token_file: PlaceOfFile | None = None
    token_env: Text | None = None
    token_credential: Text | None = None
    secret_file: PlaceOfFile | None = None
    secret_env: Text | None = None
    secret_credential: Text | None = None

    @model_validator(mode="after")
    def _in_one_place(self) -> Self:
        for name, places in (("token", self._token_places), ("secret", self._secret_places)):
            if sum(map(bool, places)) > 1:
                raise refuse(name, f"the {name} stands in several places", "keep one of them")
        return self

    @property
    def has_tokens(self) -> bool:
        """Whether a place of tokens is named."""
        return any(self._token_places)

    @property
    def has_secrets(self) -> bool:
        """Whether a place of secrets is named."""
        return any(self._secret_places)

    @property
    def _token_places(self) -> tuple[object, ...]:
        return self.token_file, self.token_env, self.token_credential

    @property
    def _secret_places(self) -> tuple[object, ...]:
        return self.secret_file, self.secret_env, self.secret_credential


class IntakeOptions(SecretPlaces, HelpdeskOptions):
    """A helpdesk whose tickets and events are posted to us.

    Attributes:
        keep: For how long an event is known by its id alone, once it has been ingested.
        write_back: Where field changes and notes go; None where they cannot be made.
    """

    kind: Literal["intake"]
    keep: Annotated[timedelta, BeforeValidator(_keep)] = timedelta(days=7)
    write_back: WriteBack | None = None

    @property
    def can(self) -> Capabilities:
        """Fields are set, and notes left, by whoever takes what we post."""
        if self.write_back is None:
            return Capabilities(frozenset(), notes=False, replies=False)
        return Capabilities(replies=False)

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        if not self.has_tokens and not self.has_secrets:
            help_ = "add token_file: FILE (make one with: openssl rand -hex 32), or secret_file"
            message = "anybody could send tickets: there is neither a token nor a secret"
            yield OptionFault((), "intake-open", message, help_)
