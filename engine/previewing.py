"""Templates as their readers would see them, for looking at them before they go out.

It puts together what may not know each other: the reader of template files, which knows their
places, and the renderer of messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Final, Literal

from engine.checking import template_problems
from engine.domain.actions import Action, ActionKind
from engine.domain.ticket import Ticket
from engine.errors import EscalatordError, MessageError, Problem, UsageError
from engine.messages import (
    CustomerNotice,
    RenderedText,
    Renderer,
    StaffNotice,
    builtin_templates,
    customer_samples,
    language_code,
    parts_of,
    staff_samples,
)
from engine.rulebook.suggestion import did_you_mean

if TYPE_CHECKING:
    from engine.domain.rule import MessageTemplate
    from engine.rulebook import WrittenTemplate

ForWhom = Literal["customer", "staff"]
EXAMPLE_LINK: Final = "https://desk.example/"
"""Where the links of a preview lead: nowhere."""


@dataclass(frozen=True, slots=True)
class Text:
    """A template in one language.

    Attributes:
        language: What it is written in, by two letters.
        is_default: Whether it is for everybody whose language has no text.
        file: Where it stands; None for one that is built in.
    """

    language: str
    is_default: bool
    file: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """A template of some name, in all its languages; the default comes first."""

    audience: ForWhom
    name: str
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A template, filled in.

    Attributes:
        language: What it is written in, by two letters.
        file: Where it stands; None for one that is built in.
        uses: What it may use: name → its parts, none for a plain value.
    """

    audience: ForWhom
    name: str
    language: str
    file: str | None
    subject: str
    text: str
    html: str
    uses: Mapping[str, tuple[str, ...]]


class TemplateFaultsError(EscalatordError):
    """The template cannot be filled in.

    Attributes:
        problems: What is wrong with it, and where; none where only this ticket shows it.
    """

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class Gallery:
    """The templates of a rules folder, and those that are built in."""

    def __init__(self, written: Sequence[WrittenTemplate], timezone: tzinfo, language: str) -> None:
        """Take the templates.

        Args:
            written: What the folder holds.
            timezone: What instants are shown in where a template names no zone.
            language: What the desk speaks.
        """
        self._written = {one.template: one for one in written}
        self._renderer = Renderer([one.template for one in written], timezone, language)
        self._language = language

    def known(self) -> list[Known]:
        """All of them, customers' first, by name."""
        found: dict[tuple[ForWhom, str], list[MessageTemplate]] = {}
        for template in self._written:
            found.setdefault((_audience(template), template.name), []).append(template)
        ours = frozenset(found)
        for template in builtin_templates():
            if (key := (_audience(template), template.name)) not in ours:
                found.setdefault(key, []).append(template)
        return [
            Known(
                *key, tuple(map(self._text, sorted(templates, key=lambda one: one.language or "")))
            )
            for key, templates in sorted(found.items())
        ]

    def _text(self, template: MessageTemplate) -> Text:
        written = self._written.get(template)
        file = written.file if written else None
        return Text(self._renderer.language_of(template), template.language is None, file)

    def audience_of(self, name: str, wanted: ForWhom | None) -> ForWhom:
        """Whom a template is for.

        Args:
            name: Of the template.
            wanted: The audience that was asked for; None for whichever has it.

        Raises:
            UsageError: There is none of that name, or one for each.
        """
        known = self.known()
        found = [one.audience for one in known if one.name == name]
        if wanted in found or (len(found) == 1 and wanted is None):
            return wanted or found[0]
        if len(found) > 1:
            raise UsageError(f"there are two templates '{name}'; say --customer or --staff")
        names = {one.name for one in known if wanted in (None, one.audience)}
        hint = did_you_mean(name, sorted(names)) or "see: escalatord template list"
        whose = f"{wanted} template" if wanted else "template"
        raise UsageError(f"there is no {whose} '{name}'; {hint}")

    def show(
        self,
        audience: ForWhom,
        name: str,
        language: str | None,
        about: tuple[Ticket, Action | None] | None,
        survey_url: str | None = None,
    ) -> Shown:
        """Fill a template in.

        Args:
            audience: As `audience_of` gives it.
            name: Of the template.
            language: What its reader reads; None for what the ticket or the desk says.
            about: The ticket, and the action by which it would go out; None for a made-up one.
            survey_url: Where customers say how it went; None for an example.

        Raises:
            TemplateFaultsError: It cannot be filled in.
        """
        wanted = language_code(language)
        if wanted is None and audience == "customer" and about is not None:
            wanted = language_code(about[0].customer.language or about[0].language)
        template = self._renderer.find(audience, name, wanted)
        if template is None:
            raise UsageError(f"template '{name}' is not there in {wanted}, and has no default")
        written = self._written.get(template)
        self._refuse_faults(written)
        rendered = self._rendered(template, wanted, about, survey_url)
        return Shown(
            audience=audience,
            name=name,
            language=self._renderer.language_of(template),
            file=written.file if written else None,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            uses=parts_of(audience),
        )

    def _refuse_faults(self, written: WrittenTemplate | None) -> None:
        found = list(template_problems([written] if written else []))
        if found:
            raise TemplateFaultsError("the template cannot be filled in", found)

    def _rendered(
        self,
        template: MessageTemplate,
        language: str | None,
        about: tuple[Ticket, Action | None] | None,
        survey_url: str | None,
    ) -> RenderedText:
        # A reader of whom nothing is known reads what the desk speaks, made-up ones included.
        said_in = language or self._language
        if template.audience == "customer":
            notice = _customer_notice(about, survey_url)
            try:
                return self._renderer.customer(template.name, notice, said_in)
            except MessageError as error:
                raise TemplateFaultsError(str(error)) from error
        to_staff = _staff_notice(about)
        rendered = (
            self._renderer.digest([to_staff], said_in)
            if template.name == ActionKind.DIGEST.value
            else self._renderer.staff(template.name, to_staff, said_in)
        )
        if rendered.fault is not None:
            raise TemplateFaultsError(rendered.fault)
        return rendered


def _audience(template: MessageTemplate) -> ForWhom:
    return "customer" if template.audience == "customer" else "staff"


def _customer_notice(
    about: tuple[Ticket, Action | None] | None, survey_url: str | None
) -> CustomerNotice:
    survey = survey_url or f"{EXAMPLE_LINK}survey"
    if about is None:
        return replace(customer_samples()[-1], survey_url=survey)
    ticket, action = about
    return CustomerNotice(ticket, action.details if action else {}, survey)


def _staff_notice(about: tuple[Ticket, Action | None] | None) -> StaffNotice:
    if about is None:
        return staff_samples()[-1]
    ticket, action = about
    details = action.details if action else {}
    receiver = (action.receiver if action else None) or ""
    return StaffNotice(ticket, details, receiver, ack_url=f"{EXAMPLE_LINK}ack")
