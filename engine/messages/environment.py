"""The sandbox in which templates run, and the escaping that none of them can leave out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.messages.markdown import collapse, escape
from engine.messages.wording import in_words, localtime

if TYPE_CHECKING:
    from datetime import tzinfo

    from jinja2.runtime import Context

_STATEMENT_LINE: Final = re.compile(r"(?m)^([ \t]*(?:\{%(?:(?!%\}).)*%\}[ \t]*)+)\n")

_REFUSED: Final = (
    nodes.Macro,
    nodes.CallBlock,
    nodes.AssignBlock,
    nodes.Extends,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
)
"""What builds text from text: its Markdown would be escaped a second time. Messages need none."""


class _StatementLines(Extension):
    """A line of nothing but statements leaves no line behind.

    Jinja2's own `trim_blocks` would also join a line that ends with a statement to the next one.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        # The line break moves into a comment, so that lines keep their numbers.
        return _STATEMENT_LINE.sub(r"\1{#\n#}", source)


class MessageEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2, sandboxed and strict; every value that a template prints is escaped as it is printed.

    Values print as people write them: an instant as local time, a duration in words, a list with
    commas, nothing as nothing. What has no such form is an error.
    """

    def __init__(self, zone: tzinfo, escape_value: Callable[[str], str]) -> None:
        """Build one for one kind of text.

        Args:
            zone: Where readers are, unless a template names another zone.
            escape_value: What a value goes through before it stands in the text.
        """
        super().__init__(
            undefined=StrictUndefined,
            # Not HTML but Markdown is written here, so `finalize` escapes; HTML comes out of the
            # Markdown parser, which escapes all text by itself.
            autoescape=False,
            lstrip_blocks=True,
            extensions=[_StatementLines],
            finalize=_finalizer(zone, escape_value),
        )
        self.filters["localtime"] = _localtime_filter(zone)
        self.filters["words"] = _words_filter

    def refuse_composition(self, source: str) -> None:
        """Refuse statements that build text from text.

        Raises:
            TemplateSyntaxError: There is one; or the source cannot be parsed.
        """
        found = next(self.parse(source).find_all(_REFUSED), None)
        if found is not None:
            name = type(found).__name__
            told = f"{name} statements are not for messages: write the text where it stands"
            raise TemplateSyntaxError(told, found.lineno)


def markdown_environment(zone: tzinfo) -> MessageEnvironment:
    """For bodies: values stay text, whatever Markdown or HTML they hold."""
    return MessageEnvironment(zone, escape)


def line_environment(zone: tzinfo) -> MessageEnvironment:
    """For subjects: values stay on the line."""
    return MessageEnvironment(zone, collapse)


def _finalizer(
    zone: tzinfo, escape_value: Callable[[str], str]
) -> Callable[[Context, object], object]:
    @pass_context
    def finalize(context: Context, value: object) -> object:
        if isinstance(value, Undefined):
            return value  # says, when it is printed, what is missing
        return escape_value(_written(value, zone, _language(context)))

    return finalize


def _written(value: object, zone: tzinfo, language: str | None) -> str:
    match value:
        case None:
            return ""
        case str() | bool() | int() | float():
            return str(value)
        case datetime():
            return localtime(value, zone, language)
        case timedelta():
            return in_words(value, language)
        case tuple() | list():
            return ", ".join(_written(one, zone, language) for one in value)
        case _:
            raise TypeError(f"{_kind(value)} is no text: name a part of it")


def _kind(value: object) -> str:
    return "a mapping" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def _localtime_filter(zone: tzinfo) -> Callable[..., str]:
    @pass_context
    def to_localtime(context: Context, at: object, zone_name: str | None = None) -> str:
        if not isinstance(at, datetime):
            raise TypeError("localtime takes an instant, such as due_at")
        return localtime(at, _named(zone_name) if zone_name else zone, _language(context))

    return to_localtime


@pass_context
def _words_filter(context: Context, duration: object) -> str:
    if not isinstance(duration, timedelta):
        raise TypeError("words takes a duration, such as due_at - ticket.created_at")
    return in_words(duration, _language(context))


def _named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"there is no time zone {name!r}") from None


def _language(context: Context) -> str | None:
    language = context.get("language")
    return language if isinstance(language, str) else None
