"""The page of an escalation: it shows it, and lets the reader of a link take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.domain.ticket import Ticket
from engine.links import BadTokenError
from engine.messages.markdown import single_line
from engine.pipeline.taking import Escalation, Footing, Outcome, look_at, take
from engine.web.form import read_form
from engine.web.people import People, patiently
from engine.web.refusing import bad_token, unknown_ticket
from engine.web.rendering import page
from engine.web.words import LANGUAGES, StaffWords

if TYPE_CHECKING:
    from datetime import datetime

    from engine.domain.link import AcknowledgementLink
    from engine.domain.ownership import Owner

PAGE: Final = "acknowledge"
LONGEST_NAME: Final = 100
LONGEST_SUBJECT: Final = 200
_STATUS: Final = {
    Outcome.TAKEN: 200,
    Outcome.OVERTAKEN: 409,
    Outcome.USED: 409,
    Outcome.ENDED: 410,
    Outcome.DISALLOWED: 403,
}


class Acknowledging:
    """Answers to `/a/TOKEN`: GET shows, POST acts."""

    def __init__(self, people: People) -> None:
        """The page, on what it stands on."""
        self._people = people

    async def __call__(self, request: Request) -> Response:
        """The page, or what came of sending its form."""
        if request.method != "POST":
            return await run_in_threadpool(self._show, request)
        form = await read_form(request)
        return await run_in_threadpool(self._act, request, form)

    def _show(self, request: Request) -> Response:
        people = self._people
        try:
            link = people.tokens.acknowledgement(request.path_params["token"])
        except BadTokenError as error:
            people.refuse(PAGE, error.fault.value)
            return bad_token(request, error.fault, to_staff=True)
        now = people.now()
        with people.store.read() as tx:
            escalation = look_at(tx, people.policy(), link, now)
        if escalation is None:
            people.refuse(PAGE, "unknown")
            return unknown_ticket(request)
        return self._page(_Shown(link, escalation, now, name=_likely_name(link, escalation)))

    def _act(self, request: Request, form: dict[str, str]) -> Response:
        people, token = self._people, request.path_params["token"]
        try:
            link = people.tokens.acknowledgement(token)
        except BadTokenError as error:
            people.refuse(PAGE, error.fault.value)
            return bad_token(request, error.fault, to_staff=True)
        now, policy = people.now(), people.policy()
        who = single_line(form.get("name", ""))[:LONGEST_NAME]
        if not who:
            return self._without_a_name(request, link, now)
        seen = form.get("seen") or None
        taken = patiently(lambda: take(people.store, policy, link, who, seen, now))
        if taken is None:
            people.refuse(PAGE, "unknown")
            return unknown_ticket(request)
        if taken.outcome is Outcome.TAKEN:
            episode = taken.escalation.episode
            people.log.info(
                "escalation.acknowledged",
                ticket=taken.subject,
                rule=link.rule,
                episode=episode.id.anchor if episode else None,
                how="link",
                receiver=link.receiver,
            )
            # The browser asks for the page anew, so that a refresh sends nothing again.
            return RedirectResponse(token, 303, {"Cache-Control": "no-store"})
        people.refuse(PAGE, taken.outcome.value, ticket=taken.subject, rule=link.rule)
        shown = _Shown(
            link,
            taken.escalation,
            now,
            name=who,
            is_overtaken=taken.outcome is Outcome.OVERTAKEN,
            is_sent_again=taken.outcome is Outcome.USED,
        )
        return self._page(shown, _STATUS[taken.outcome])

    def _without_a_name(
        self, request: Request, link: AcknowledgementLink, now: datetime
    ) -> Response:
        with self._people.store.read() as tx:
            escalation = look_at(tx, self._people.policy(), link, now)
        if escalation is None:
            return unknown_ticket(request)
        return self._page(_Shown(link, escalation, now, lacks_name=True), 422)

    def _page(self, shown: _Shown, status: int = 200) -> Response:
        language = self._people.language
        words = LANGUAGES[language].staff
        escalation, now = shown.escalation, shown.now
        owner = escalation.owner_at(now)
        return page(
            "escalation",
            language,
            status,
            words=words,
            ticket=escalation.ticket,
            number=number_of(escalation.ticket),
            subject=subject_of(escalation.ticket),
            facts=self._facts(escalation, words),
            owner=owner,
            owned=self._owned(escalation, words, now),
            why_not=_why_not(shown, words),
            overtaken=words.overtaken.format(name=_name(owner, words)) if owner else "",
            is_overtaken=shown.is_overtaken,
            lacks_name=shown.lacks_name,
            name=shown.name,
            longest_name=LONGEST_NAME,
            hint=self._hint(escalation, words),
        )

    def _facts(self, escalation: Escalation, words: StaffWords) -> list[tuple[str, str]]:
        """What the reader has to know, as label and text; what is not known is left out."""
        ticket, rule, level = escalation.ticket, escalation.rule, escalation.last_level
        since = escalation.episode.anchor_at if escalation.episode else ticket.created_at
        status = ticket.raw_status or words.statuses[ticket.status.value]
        priority = words.priorities[ticket.priority.value] if ticket.priority else words.none
        kind = f" ({words.kinds[level.kind.value]})" if level and level.kind else ""
        told = {
            "why": single_line((rule.reason or rule.description) if rule else ""),
            "others": ", ".join(name.partition(":")[2] for name in escalation.others),
            "since": self._people.local(since, self._people.language),
            "level": f"{single_line(level.identity)}{kind}" if level else "",
            "status": single_line(status),
            "priority": priority,
            "group": single_line(ticket.group or words.none),
            "assignee": single_line(ticket.assignee or words.none),
        }
        return [(words.labels[label], text) for label, text in told.items() if text]

    def _owned(self, escalation: Escalation, words: StaffWords, now: datetime) -> list[str]:
        """Whose it is, in one or more sentences."""
        owner, language = escalation.owner, self._people.language
        if owner is None:
            return [words.nobody]
        name = _name(owner, words)
        until = self._people.local(owner.until, language) if owner.until else ""
        if not owner.owns_at(now):
            return [words.lapsed.format(name=name, until=until)]
        said = [words.owned.format(name=name, since=self._people.local(owner.since, language))]
        if owner.how != "link" or owner.receiver:
            said.append(words.by[owner.how].format(receiver=owner.receiver))
        if escalation.footing is not Footing.ENDED:
            said.append(words.owned_until.format(until=until))
        return said

    def _hint(self, escalation: Escalation, words: StaffWords) -> str:
        if escalation.until is None:
            return ""
        until = self._people.local(escalation.until, self._people.language)
        return words.take_hint.format(until=until)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What one response shows.

    Attributes:
        now: When it was looked at (aware UTC).
        name: What stands in the name's field.
    """

    link: AcknowledgementLink
    escalation: Escalation
    now: datetime
    name: str = ""
    lacks_name: bool = False
    is_overtaken: bool = False
    is_sent_again: bool = False


def number_of(ticket: Ticket) -> str:
    """The ticket's id without the helpdesk's name, as its people call it."""
    return ticket.id.partition(":")[2] or ticket.id


def subject_of(ticket: Ticket) -> str:
    """The ticket's subject on one line, cut where it is no subject any more."""
    subject = single_line(ticket.subject)
    return subject if len(subject) <= LONGEST_SUBJECT else f"{subject[:LONGEST_SUBJECT]}…"


def _likely_name(link: AcknowledgementLink, escalation: Escalation) -> str:
    """The receiver's, where it is the person who has the ticket."""
    receiver = link.receiver or ""
    return receiver if receiver and receiver == escalation.ticket.assignee else ""


def _name(owner: Owner | None, words: StaffWords) -> str:
    return single_line(owner.name) if owner and owner.name else words.somebody


def _why_not(shown: _Shown, words: StaffWords) -> str:
    """Why there is no button; empty where there is one."""
    escalation = shown.escalation
    match escalation.footing:
        case Footing.OPEN:
            return ""
        case Footing.USED:
            is_done = not shown.is_sent_again and escalation.is_owned_by(shown.link, shown.now)
            return words.done if is_done else words.used
        case Footing.DISALLOWED:
            return words.disallowed.format(ticket=escalation.ticket.id)
        case Footing.ENDED:
            return _why_over(escalation.ticket, words)


def _why_over(ticket: Ticket, words: StaffWords) -> str:
    if ticket.merged_into:
        return words.merged.format(other=ticket.merged_into.partition(":")[2])
    return words.resolved if ticket.status.is_resolved else words.over
