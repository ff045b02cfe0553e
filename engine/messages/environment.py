"""The sandbox in which templates run, and the escaping that none of them can leave out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import TemplateRuntimeError, UndefinedError
from jinja2.ext import Extension
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from engine.messages.languages import direction
from engine.messages.markdown import collapse, escape
from engine.messages.view import Recorded
from engine.messages.wording import in_words, localtime, named

if TYPE_CHECKING:
    from datetime import tzinfo

    from jinja2.runtime import Context

EscapeValue = Callable[[str, str], str]
"""A value as it may stand in a text, given the direction that the text is written in."""

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


class _Missing(StrictUndefined):
    """What is asked for and does not exist: an error, but among what may not have been recorded."""

    __slots__ = ()

    def __new__(  # type: ignore[misc]  # Jinja2 asks for a class, and takes what it makes
        cls,
        hint: str | None = None,
        obj: object = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> Undefined:
        """Nothing, for a fact that was not recorded; else what raises when it is used."""
        if isinstance(obj, Recorded):
            return Undefined(hint, obj, name, exc)
        return super().__new__(cls)


@dataclass(frozen=True, slots=True)
class Readers:
    """Whom a template is written for, as far as it changes how values are written.

    Attributes:
        zone: Where they are, unless a template names another zone.
        in_full: Whether they read sentences, with days and months in full, or lists.
    """

    zone: tzinfo
    in_full: bool = False


class MessageEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2, sandboxed and strict; every value that a template prints is escaped as it is printed.

    Values print as people write them: an instant as local time, a duration in words, a list with
    commas, nothing as nothing. What has no such form is an error.
    """

    def __init__(self, readers: Readers, escape_value: EscapeValue) -> None:
        """Build one for one kind of text.

        Args:
            readers: Whom it is for.
            escape_value: What a value goes through before it stands in the text.
        """
        super().__init__(
            undefined=_Missing,
            # Not HTML but Markdown is written here, so `finalize` escapes; HTML comes out of the
            # Markdown parser, which escapes all text by itself.
            autoescape=False,
            lstrip_blocks=True,
            extensions=[_StatementLines],
            finalize=_finalizer(readers, escape_value),
        )
        self.filters["localtime"] = _localtime_filter(readers)
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


def readers_in(zone: tzinfo) -> Mapping[str, Readers]:
    """Audience → its readers, where they are in this zone."""
    return {"staff": Readers(zone), "customer": Readers(zone, in_full=True)}


def markdown_environment(readers: Readers) -> MessageEnvironment:
    """For bodies: values stay text, whatever Markdown or HTML they hold."""
    return MessageEnvironment(readers, escape)


def line_environment(readers: Readers) -> MessageEnvironment:
    """For subjects: values stay on the line."""
    return MessageEnvironment(readers, lambda value, _: collapse(value))


def _finalizer(readers: Readers, escape_value: EscapeValue) -> Callable[[Context, object], object]:
    @pass_context
    def finalize(context: Context, value: object) -> object:
        if isinstance(value, Undefined):
            return value  # says, when it is printed, what is missing
        language = _language(context)
        return escape_value(_written(value, readers, language), direction(language or ""))

    return finalize


def _written(value: object, readers: Readers, language: str | None) -> str:
    match value:
        case None:
            return ""
        case str() | bool() | int() | float():
            return str(value)
        case datetime():
            return localtime(value, readers.zone, language, in_full=readers.in_full)
        case timedelta():
            return in_words(value, language)
        case tuple() | list():
            return ", ".join(_written(one, readers, language) for one in value)
        case _:
            raise TypeError(f"{_kind(value)} is no text: name a part of it")


def _kind(value: object) -> str:
    return "a mapping" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def _localtime_filter(readers: Readers) -> Callable[..., str]:
    @pass_context
    def to_localtime(context: Context, at: object, zone_name: str | None = None) -> str:
        if at is None:
            raise TypeError("localtime has no instant here: write it inside {% if … %}")
        if not isinstance(at, datetime):
            raise TypeError("localtime takes an instant, such as due_at")
        zone = _zone(zone_name) if zone_name else readers.zone
        return localtime(at, zone, _language(context), in_full=readers.in_full)

    return to_localtime


@pass_context
def _words_filter(context: Context, value: object) -> str:
    match value:
        case timedelta():
            return in_words(value, _language(context))
        case str():
            return named(value, _language(context))
        case None:
            return ""
        case _:
            raise TypeError("words takes a duration or a code, such as ticket.priority")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"there is no time zone {name!r}") from None


def _language(context: Context) -> str | None:
    language = context.get("language")
    return language if isinstance(language, str) else None
