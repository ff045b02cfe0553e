"""What other systems may send us: tickets as they stand, and what happened to them.

The models are strict: no key is guessed and no value bent. Their JSON Schema, with the descriptions
written here, is what we publish.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from engine.domain.ticket import Priority, Status, Value

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)
_NO_NUL: Final = r"^[^\x00]*$"
_PLAIN: Final = r"^[^\s\x00-\x1f\x7f]+$"


def _utc(at: datetime) -> datetime:
    if not _FIRST.timestamp() <= at.timestamp() < _LAST.timestamp():
        raise PydanticCustomError("instant", "must lie between the years 1970 and 9000")
    return at.astimezone(UTC).replace(microsecond=0)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""RFC 3339 with a zone; a part of a second is cut off."""

Id = Annotated[str, Field(min_length=1, max_length=200, pattern=_PLAIN)]
Line = Annotated[str, Field(max_length=1000, pattern=_NO_NUL)]
Words = Annotated[str, Field(max_length=100_000, pattern=_NO_NUL)]
Tag = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
FieldName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s.\x00]+$")]


class _Model(BaseModel):
    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class CustomerPatch(_Model):
    """The person who waits. What is left out stays as it was; null empties it."""

    id: Line | None = None
    """Identity over all tickets."""
    name: Line | None = None
    """How to address the person."""
    email: Line | None = None
    """Where we write to the person."""
    tier: Line | None = None
    """What the person is entitled to, in your words; rules can ask for it."""
    organization: Line | None = None
    """The organisation that the person belongs to."""
    language: Line | None = None
    """The language to write in, such as `de`."""
    no_updates: bool = False
    """The person asked us to stay silent."""
    is_automatic: bool = False
    """The address is a machine's."""


class TicketPatch(_Model):
    """Fields of a ticket. What is left out stays as it was; null empties it."""

    subject: Line = ""
    """One line that says what it is about."""
    type: Line | None = None
    """The kind of issue, in your words."""
    status: Status = Status.NEW
    """Where it stands, in our words."""
    raw_status: Line | None = None
    """Where it stands, in your words."""
    priority: Priority | None = None
    """How urgent it is; null counts as medium."""
    tags: Annotated[list[Tag], Field(max_length=100)] = []
    """All its tags; what is not among them is no more a tag."""
    group: Line | None = None
    """The team or queue that it is with."""
    assignee: Line | None = None
    """The person who works on it."""
    channel: Line | None = None
    """How it came to you: web, phone, mail …"""
    language: Line | None = None
    """The language that it is written in, such as `de`."""
    due_at: Instant | None = None
    """Your own deadline."""
    customer: CustomerPatch = CustomerPatch()
    """The person who waits."""
    fields: Annotated[dict[FieldName, Line | None], Field(max_length=100)] = {}
    """Further fields, by name, without dots; rules read them as `fields.NAME`."""
    merged_into: Id | None = None
    """Id of the ticket that goes on in its place."""
    gone: bool = False
    """It exists no more."""

    def values(self) -> dict[str, Any]:
        """What is said, by the names of `engine.domain.ticket`, dotted for what is inside."""
        said: dict[str, Any] = {}
        for name in _IN_ORDER:
            if name in self.model_fields_set:
                said.update(_values(name, getattr(self, name)))
        return said


_IN_ORDER: Final = tuple(TicketPatch.model_fields)


def _values(name: str, value: Any) -> dict[str, Value]:  # noqa: ANN401 - what the models hold
    if isinstance(value, CustomerPatch):
        names = CustomerPatch.model_fields
        return {f"customer.{n}": getattr(value, n) for n in names if n in value.model_fields_set}
    if isinstance(value, dict):
        return {f"fields.{key}": text for key, text in value.items()}
    if isinstance(value, list):
        return {name: tuple(value)}
    return {"is_gone" if name == "gone" else name: value}


class TicketSnapshot(TicketPatch):
    """A ticket as it stands: what differs from what we know of it has changed."""

    id: Id
    """The ticket's id with you."""
    at: Instant | None = None
    """Of when this is true; left out, of now. What is older than a known change is passed over."""
    created_at: Instant | None = None
    """When the customer first turned to you; read when we hear of the ticket for the first time."""


class _Event(_Model):
    id: Id
    """The event's id with you: sent twice, it is taken once."""
    ticket: Id
    """The ticket's id with you."""
    at: Instant | None = None
    """When it happened; left out, now."""


class Created(_Event):
    """A ticket was opened."""

    type: Literal["created"]
    set: TicketPatch = TicketPatch()
    """How it stood then."""


class Changed(_Event):
    """Fields of a ticket were changed."""

    type: Literal["changed"]
    set: TicketPatch
    """What they are now."""
    by: Literal["person", "customer", "robot"] = "person"
    """Who did it: a colleague of yours, the customer, or a machine."""
    answers: Line | None = None
    """The `idempotency-key` of the webhook by which we asked for this: so it counts as ours."""


class Message(_Event):
    """Somebody wrote something on a ticket."""

    type: Literal["message"]
    author: Literal["customer", "agent", "robot"] = Field(alias="from")
    """Who wrote it: the customer, a colleague of yours, or a machine."""
    public: bool = True
    """Whether the customer can read it."""
    text: Words = ""
    """What was written, without quotations of earlier messages."""
    channel: Line | None = None
    """How it came in."""
    bounce: bool = False
    """It says that a mail of ours did not reach the customer."""


Event = Annotated[Created | Changed | Message, Field(discriminator="type")]

TICKETS: Final = TypeAdapter(list[TicketSnapshot])
EVENTS: Final[TypeAdapter[list[Created | Changed | Message]]] = TypeAdapter(list[Event])
