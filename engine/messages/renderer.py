"""From templates to what is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from html import escape as escape_html
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from engine.errors import MessageError
from engine.messages.builtin import builtin_templates
from engine.messages.environment import line_environment, markdown_environment, readers_in
from engine.messages.languages import DEFAULT_LANGUAGE, language_code, language_of
from engine.messages.markdown import single_line, to_html, to_text
from engine.messages.page import page
from engine.messages.view import as_context, customer_view, staff_view
from engine.messages.wording import localtime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jinja2 import Template

    from engine.domain.rule import MessageTemplate
    from engine.messages.notice import CustomerNotice, StaffNotice
    from engine.messages.view import StaffView

_SUBJECT_LENGTH: Final = 250
"""Characters of a subject; helpdesks cut at 255."""


@dataclass(frozen=True, slots=True)
class RenderedText:
    """A message as it goes out.

    Attributes:
        subject: One line, no control characters.
        text: Plain text.
        html: The same as an HTML page.
        fault: Why a plain built-in text stands in for a staff template that failed; None if none
            does. For the log.
    """

    subject: str
    text: str
    html: str
    fault: str | None = None


class Renderer:
    """Renders the messages of one generation; safe to use from several threads."""

    def __init__(
        self,
        templates: Sequence[MessageTemplate],
        timezone: tzinfo | str = "UTC",
        language: str = DEFAULT_LANGUAGE,
    ) -> None:
        """Take the templates; each is compiled when it is first used.

        Args:
            templates: The generation's; staff ones replace built-in ones of the same name.
            timezone: What instants are shown in where a template names no zone.
            language: What the desk speaks: staff, and customers of whom nothing else is known.
        """
        zone = ZoneInfo(timezone) if isinstance(timezone, str) else timezone
        self._zone = zone
        self._language = language
        self._environments = {
            audience: (line_environment(readers), markdown_environment(readers))
            for audience, readers in readers_in(zone).items()
        }
        self._templates = {_key(one): one for one in templates}
        self._builtin = {_key(one): one for one in builtin_templates()}
        self._compiled: dict[MessageTemplate, tuple[Template, Template]] = {}

    def staff(self, name: str, notice: StaffNotice, language: str | None = None) -> RenderedText:
        """A notice to staff; never fails, for no notification may be lost.

        Args:
            name: Of the template.
            notice: What is told.
            language: What the receiver reads; by default what the desk speaks.
        """
        return self._staff(name, notice, (notice,), language_code(language) or self._language)

    def digest(
        self, notices: Sequence[StaffNotice], language: str | None = None, together: str = ""
    ) -> RenderedText:
        """One message to one receiver that stands for many; never fails.

        Args:
            notices: What is told, at least one; each becomes a line, the longest due first.
            language: What the receiver reads; by default what the desk speaks.
            together: Code of why they come as one, though they are no digest.
        """
        ordered = sorted(notices, key=lambda one: str(one.details.get("due_at") or ""))
        wanted = language_code(language) or self._language
        return self._staff("digest", ordered[0], ordered, wanted, together)

    def customer(
        self, name: str, notice: CustomerNotice, language: str | None = None
    ) -> RenderedText:
        """A message to a customer, from the customers' templates and no other.

        Args:
            name: Of the template.
            notice: What is told.
            language: What the customer reads; by default what the customer or the ticket says, and
                what the desk speaks where neither says anything.

        Raises:
            MessageError: There is no such template, it fails, or it comes out empty.
        """
        ticket = notice.ticket
        wanted = language_code(language or ticket.customer.language or ticket.language)
        template = self.find("customer", name, wanted)
        if template is None:
            raise MessageError(
                f"there is no customer template '{name}': write it as templates/customer/{name}.md"
            )
        said_in = self.language_of(template)
        try:
            rendered = self._render(template, as_context(customer_view(notice, said_in)), said_in)
        except Exception as error:  # a template can fail in any way
            raise MessageError(f"customer template '{name}' fails: {_told(error)}") from error
        if not rendered.subject or not rendered.text.strip():
            raise MessageError(f"customer template '{name}' comes out empty")
        return rendered

    def find(self, audience: str, name: str, language: str | None = None) -> MessageTemplate | None:
        """The template of that name in a language, else in none, and the desk's before ours.

        Args:
            audience: ``staff`` or ``customer``.
            name: Of the template.
            language: Two letters; what the desk speaks by default.
        """
        wanted = (language or self._language, None)
        for known in (self._templates, self._builtin):
            for candidate in wanted:
                found = known.get((audience, name, candidate))
                if found is not None:
                    return found
        return None

    def language_of(self, template: MessageTemplate) -> str:
        """What a template is written in, by two letters.

        One that does not say so is in the desk's language; unless another of its name is, for then
        it is there for all the others, in English.
        """
        written_in = language_code(template.language)
        if written_in is not None:
            return written_in
        twin = (template.audience, template.name, self._language)
        is_ours = self._builtin.get(_key(template)) is template
        return DEFAULT_LANGUAGE if is_ours or twin in self._templates else self._language

    def _staff(
        self,
        name: str,
        notice: StaffNotice,
        digested: Sequence[StaffNotice],
        wanted: str,
        together: str = "",
    ) -> RenderedText:
        template = self.find("staff", name, wanted)
        if template is None:
            view = staff_view(notice, wanted, digested, together)
            return self._stand_in(view, f"there is no staff template '{name}'")
        view = staff_view(notice, self.language_of(template), digested, together)
        try:
            rendered = self._render(template, as_context(view), view.language)
        except Exception as error:  # noqa: BLE001 (a template can fail in any way)
            return self._stand_in(view, f"staff template '{name}' fails: {_told(error)}")
        if not rendered.subject or not rendered.text.strip():
            return self._stand_in(view, f"staff template '{name}' comes out empty")
        return rendered

    def _render(
        self, template: MessageTemplate, context: Mapping[str, object], language: str
    ) -> RenderedText:
        subject, body = self._compile(template)
        markdown = body.render(context)
        return RenderedText(
            subject=_cut(single_line(subject.render(context))),
            text=to_text(markdown),
            html=to_html(markdown, language),
        )

    def _compile(self, template: MessageTemplate) -> tuple[Template, Template]:
        if template not in self._compiled:
            lines, bodies = self._environments[template.audience]
            bodies.refuse_composition(template.subject)
            bodies.refuse_composition(template.body)
            self._compiled[template] = (
                lines.from_string(template.subject),
                bodies.from_string(template.body),
            )
        return self._compiled[template]

    def _stand_in(self, view: StaffView, fault: str) -> RenderedText:
        """What staff get when a template fails: plain, and built without any template."""
        lines = [single_line(line) for line in _plain_lines(view, self._zone)]
        body = "".join(f"<p>{escape_html(line)}</p>\n" for line in lines)
        words = language_of(view.language).stand_in
        subject = words.subject.format(number=view.ticket.number, title=view.ticket.subject)
        html = page(body, language_of(view.language).code)
        return RenderedText(_cut(single_line(subject)), "\n\n".join(lines) + "\n", html, fault)


def _key(template: MessageTemplate) -> tuple[str, str, str | None]:
    return template.audience, template.name, language_code(template.language)


def _plain_lines(view: StaffView, zone: tzinfo) -> Iterator[str]:
    language = language_of(view.language)
    words = language.stand_in
    for one in view.lines:
        yield f"{one.ticket.number} {one.ticket.subject}"
        yield words.why.format(
            rule=one.rule.id,
            description=one.rule.description,
            level=one.level.name or one.level.number,
            why=one.why,
        )
        if one.due_at:
            yield words.due.format(due_at=localtime(one.due_at, zone, language.code))
    if len(view.tickets) > 1:
        yield words.tickets.format(numbers=", ".join(one.number for one in view.tickets))
    if view.ack_url:
        yield words.take.format(url=view.ack_url)
    yield words.ending


def _cut(subject: str) -> str:
    if len(subject) <= _SUBJECT_LENGTH:
        return subject
    return subject[: _SUBJECT_LENGTH - 1].rstrip() + "…"


def _told(error: Exception) -> str:
    return single_line(str(error)) or type(error).__name__
