"""From templates to what is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from html import escape as escape_html
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from engine.errors import MessageError
from engine.messages.builtin import builtin_templates
from engine.messages.environment import line_environment, markdown_environment
from engine.messages.markdown import page, single_line, to_html, to_text
from engine.messages.view import as_context, customer_view, staff_view
from engine.messages.wording import DEFAULT_LANGUAGE, language_code, localtime

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
        self, templates: Sequence[MessageTemplate], timezone: tzinfo | str = "UTC"
    ) -> None:
        """Take the templates; each is compiled when it is first used.

        Args:
            templates: The generation's; staff ones replace built-in ones of the same name.
            timezone: What instants are shown in where a template names no zone.
        """
        self._zone = ZoneInfo(timezone) if isinstance(timezone, str) else timezone
        self._lines = line_environment(self._zone)
        self._bodies = markdown_environment(self._zone)
        self._templates = {
            (one.audience, one.name, language_code(one.language)): one
            for one in (*builtin_templates(), *templates)
        }
        self._compiled: dict[MessageTemplate, tuple[Template, Template]] = {}

    def staff(self, name: str, notice: StaffNotice, language: str | None = None) -> RenderedText:
        """A notice to staff; never fails, for no notification may be lost.

        Args:
            name: Of the template.
            notice: What is told.
            language: What the receiver reads, if known.
        """
        said_in = language_code(language) or DEFAULT_LANGUAGE
        return self._staff(name, staff_view(notice, said_in, (notice,)))

    def digest(self, notices: Sequence[StaffNotice], language: str | None = None) -> RenderedText:
        """One message to one receiver that stands for many; never fails.

        Args:
            notices: What is told, at least one; each becomes a line, the longest due first.
            language: What the receiver reads, if known.
        """
        said_in = language_code(language) or DEFAULT_LANGUAGE
        ordered = sorted(notices, key=lambda one: str(one.details.get("due_at") or ""))
        return self._staff("digest", staff_view(ordered[0], said_in, ordered))

    def customer(
        self, name: str, notice: CustomerNotice, language: str | None = None
    ) -> RenderedText:
        """A message to a customer, from the customers' templates and no other.

        Args:
            name: Of the template.
            notice: What is told.
            language: What the customer reads; by default what the customer or the ticket says.

        Raises:
            MessageError: There is no such template, it fails, or it comes out empty.
        """
        ticket = notice.ticket
        wanted = language_code(language or ticket.customer.language or ticket.language)
        template = self._find("customer", name, wanted)
        if template is None:
            raise MessageError(
                f"there is no customer template '{name}': write it as templates/customer/{name}.md"
            )
        said_in = language_code(template.language) or DEFAULT_LANGUAGE
        try:
            rendered = self._render(template, as_context(customer_view(notice, said_in)), said_in)
        except Exception as error:  # a template can fail in any way
            raise MessageError(f"customer template '{name}' fails: {_told(error)}") from error
        if not rendered.subject or not rendered.text.strip():
            raise MessageError(f"customer template '{name}' comes out empty")
        return rendered

    def _staff(self, name: str, view: StaffView) -> RenderedText:
        template = self._find("staff", name, view.language)
        if template is None:
            return self._stand_in(view, f"there is no staff template '{name}'")
        try:
            rendered = self._render(template, as_context(view), view.language)
        except Exception as error:  # noqa: BLE001 (a template can fail in any way)
            return self._stand_in(view, f"staff template '{name}' fails: {_told(error)}")
        if not rendered.subject or not rendered.text.strip():
            return self._stand_in(view, f"staff template '{name}' comes out empty")
        return rendered

    def _find(self, audience: str, name: str, language: str | None) -> MessageTemplate | None:
        for candidate in (language, None):
            found = self._templates.get((audience, name, candidate))
            if found is not None:
                return found
        return None

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
            self._bodies.refuse_composition(template.subject)
            self._bodies.refuse_composition(template.body)
            self._compiled[template] = (
                self._lines.from_string(template.subject),
                self._bodies.from_string(template.body),
            )
        return self._compiled[template]

    def _stand_in(self, view: StaffView, fault: str) -> RenderedText:
        """What staff get when a template fails: plain, and built without any template."""
        lines = [single_line(line) for line in _plain_lines(view, self._zone)]
        body = "".join(f"<p>{escape_html(line)}</p>\n" for line in lines)
        subject = _cut(single_line(f"Escalation: {view.ticket.number} {view.ticket.subject}"))
        return RenderedText(subject, "\n\n".join(lines) + "\n", page(body, DEFAULT_LANGUAGE), fault)


def _plain_lines(view: StaffView, zone: tzinfo) -> Iterator[str]:
    for one in view.lines:
        level = one.level.name or one.level.number
        yield f"{one.ticket.number} {one.ticket.subject}"
        yield f"Rule {one.rule.id} ({one.rule.description}), level {level}; {one.why}."
        if one.due_at:
            yield f"Due {localtime(one.due_at, zone)}."
    if len(view.tickets) > 1:
        yield f"All tickets concerned: {', '.join(one.number for one in view.tickets)}."
    if view.ack_url:
        yield f"To take it: {view.ack_url}"
    yield "This plain text stands in for a template that could not be used."


def _cut(subject: str) -> str:
    if len(subject) <= _SUBJECT_LENGTH:
        return subject
    return subject[: _SUBJECT_LENGTH - 1].rstrip() + "…"


def _told(error: Exception) -> str:
    return single_line(str(error)) or type(error).__name__
