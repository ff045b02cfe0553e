"""Puts the outbox's actions into words: from an action and its ticket to a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import TYPE_CHECKING

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.aftermath import is_about_delivery
from engine.domain.reason import Reason
from engine.messages.languages import DEFAULT_LANGUAGE
from engine.messages.note import render_note
from engine.messages.notice import CustomerNotice, StaffNotice
from engine.messages.renderer import RenderedText, Renderer
from engine.ports import Links, Message

if TYPE_CHECKING:
    from engine.domain.rule import MessageTemplate
    from engine.domain.ticket import Ticket


class TemplateComposer:
    """`engine.ports.Composer` on one generation's templates."""

    def __init__(
        self,
        templates: Sequence[MessageTemplate],
        timezone: tzinfo,
        links: Links | None = None,
        language: str = DEFAULT_LANGUAGE,
    ) -> None:
        """Take the templates.

        Args:
            templates: The generation's.
            timezone: What instants are shown in where a template names no zone.
            links: Gives the addresses that messages hold; without it they hold none.
            language: What the desk speaks.
        """
        self._renderer = Renderer(templates, timezone, language)
        self._language = language
        self._timezone = timezone
        self._links = links

    def note(self, action: Action, ticket: Ticket) -> str:
        """The internal note that a level leaves: what was done, and why."""
        notice = StaffNotice(ticket, action.details)
        return render_note(notice, self._timezone, action.text, self._language)

    def staff(self, told: Sequence[tuple[Action, Ticket]], as_of: datetime | None) -> Message:
        """A notice, or several for one address as one; never fails.

        Notices that are no digests share a message only where the address has heard enough.
        """
        action, ticket = told[0]
        notices = [
            StaffNotice(
                about,
                one.details,
                receiver=one.receiver or "",
                ack_url=self._links.acknowledgement(one) if self._links else None,
                as_of=as_of,
            )
            for one, about in told
        ]
        is_alone = len(told) == 1 and is_about_delivery(action)
        if len(told) > 1 or (action.kind is ActionKind.DIGEST and not is_alone):
            is_crowded = any(one.kind is ActionKind.NOTIFY for one, _ in told)
            rendered = self._renderer.digest(notices, together="crowded" if is_crowded else "")
        else:
            rendered = self._renderer.staff(action.template or "escalation", notices[0])
        facts = {**_facts(action), "tickets": _tickets(told)}
        return _message(_key(told), action.to or "", rendered, ticket.id, facts)

    def customer(self, action: Action, ticket: Ticket, to: str) -> Message:
        """What the customer is told.

        Raises:
            MessageError: The template fails; a broken text is never sent.
        """
        survey = self._links.survey(action) if self._links else None
        notice = CustomerNotice(ticket, action.details, survey)
        rendered = self._renderer.customer(action.template or "", notice)
        facts = {**_facts(action), "tickets": [ticket.id]}
        return _message(action.key, to, rendered, ticket.id, facts)


def _message(
    key: str, to: str, rendered: RenderedText, thread: str, facts: Mapping[str, object]
) -> Message:
    return Message(
        key=key,
        to=to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        thread=thread,
        facts=facts,
    )


def _key(told: Sequence[tuple[Action, Ticket]]) -> str:
    """The message's key: one that holds other lines the next time is another message."""
    first = told[0][0].key
    if len(told) == 1:
        return first
    every = "\n".join(action.key for action, _ in told)
    return f"{first}|{len(told)}-{sha256(every.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _tickets(told: Sequence[tuple[Action, Ticket]]) -> list[str]:
    """All the tickets that a notice or digest is about, each once."""
    names: dict[str, None] = {}
    for action, ticket in told:
        of_group = action.details.get("tickets")
        names.update(dict.fromkeys(of_group if isinstance(of_group, list) else [ticket.id]))
    return [str(name) for name in names]


def _facts(action: Action) -> dict[str, object]:
    """What happened, for machines: no addresses, no text."""
    level = action.details.get("level")
    return {
        "event": _event(action),
        "audience": action.audience.value,
        "kind": action.kind.value,
        "ticket": action.subject,
        "rule": action.episode.rule,
        "episode": action.episode.anchor,
        "level": action.level,
        "name": level.get("name") if isinstance(level, Mapping) else None,
        "message": action.details.get("message"),
        "occurrence": action.occurrence,
        "reason": action.details.get("reason"),
        "due_at": action.details.get("due_at"),
        "fired_at": action.details.get("fired_at"),
    }


def _event(action: Action) -> str:
    """The name of what happened, as in the log where it has one there."""
    if action.audience is Audience.CUSTOMER:
        return "customer.updated"
    if action.kind is ActionKind.DIGEST:
        return "digest.sent"
    level = action.details.get("level")
    if action.details.get("reason") != Reason.LEVEL_DUE or not isinstance(level, Mapping):
        return "notice.sent"
    return "escalation.fired" if level.get("kind") else "reminder.fired"
