"""Puts the outbox's actions into words: from an action and its ticket to a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from engine.domain.actions import Action, ActionKind
from engine.messages.note import render_note
from engine.messages.notice import CustomerNotice, StaffNotice
from engine.messages.renderer import RenderedText, Renderer
from engine.ports import Message

if TYPE_CHECKING:
    from engine.domain.rule import MessageTemplate
    from engine.domain.ticket import Ticket


class TemplateComposer:
    """`engine.ports.Composer` on one generation's templates."""

    def __init__(
        self, templates: Sequence[MessageTemplate], timezone: tzinfo, survey_url: str | None = None
    ) -> None:
        """Take the templates.

        Args:
            templates: The generation's.
            timezone: What instants are shown in where a template names no zone.
            survey_url: Where customers can say how it went.
        """
        self._renderer = Renderer(templates, timezone)
        self._timezone = timezone
        self._survey_url = survey_url

    def note(self, action: Action, ticket: Ticket) -> str:
        """The internal note that a level leaves: what was done, and why."""
        return render_note(StaffNotice(ticket, action.details), self._timezone, action.text)

    def staff(self, told: Sequence[tuple[Action, Ticket]], as_of: datetime | None) -> Message:
        """A notice, or a digest of several for one address; never fails."""
        action, ticket = told[0]
        notices = [
            StaffNotice(about, one.details, receiver=one.receiver or "", as_of=as_of)
            for one, about in told
        ]
        if action.kind is ActionKind.DIGEST:
            rendered = self._renderer.digest(notices)
        else:
            rendered = self._renderer.staff(action.template or "escalation", notices[0])
        return _message(action, action.to or "", rendered, ticket.id)

    def customer(self, action: Action, ticket: Ticket, to: str) -> Message:
        """What the customer is told.

        Raises:
            MessageError: The template fails; a broken text is never sent.
        """
        notice = CustomerNotice(ticket, action.details, self._survey_url)
        rendered = self._renderer.customer(action.template or "", notice)
        return _message(action, to, rendered, ticket.id)


def _message(action: Action, to: str, rendered: RenderedText, thread: str) -> Message:
    return Message(
        key=action.key,
        to=to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        thread=thread,
        facts=_facts(action),
    )


def _facts(action: Action) -> Mapping[str, object]:
    """What happened, for machines: no addresses, no text."""
    return {
        "kind": action.kind.value,
        "ticket": action.subject,
        "rule": action.episode.rule,
        "episode": action.episode.anchor,
        "level": action.level,
        "message": action.details.get("message"),
        "occurrence": action.occurrence,
    }
