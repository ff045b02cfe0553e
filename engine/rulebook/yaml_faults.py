"""What PyYAML says of text that it cannot read, in words for people who do not know YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import yaml


@dataclass(frozen=True, slots=True)
class YamlFault:
    """Why a text is no YAML.

    Attributes:
        line: Line, from 0.
        column: Column, from 0.
    """

    line: int
    column: int
    message: str
    hint: str = ""


LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line for PyYAML, whose lines and columns all places are."""

_COMMENT = re.compile(r"\s(#\w[^\s,\]}]*)")


class _Saying(NamedTuple):
    """What PyYAML says, and what we say instead.

    Attributes:
        message: `{}` is what the parenthesis in `met` caught.
        doing: A pattern of what PyYAML was doing.
        met: A pattern of what it met.
        points_at_start: The place is where that began, not where it failed.
    """

    message: str
    hint: str = ""
    doing: str = ""
    met: str = ""
    points_at_start: bool = False


# The first that fits counts.
_SAYINGS = (
    _Saying(
        met=r"found character '\\t'",
        message="a tab stands where only spaces may",
        hint="indent by spaces",
    ),
    _Saying(
        met="found character '(.)'",
        message="a text cannot begin with {}",
        hint="put it in quotes",
    ),
    _Saying(
        doing="quoted scalar",
        met="end of stream|document separator",
        points_at_start=True,
        message="the quotation mark is never closed",
        hint="close it on the same line",
    ),
    _Saying(
        doing="double-quoted",
        met="escape",
        message="this is no escape that double quotes know",
        hint="use single quotes: they take a backslash as it is",
    ),
    _Saying(
        doing="flow sequence",
        met="expected ',' or ']'",
        points_at_start=True,
        message="the list that '[' begins is not closed, or lacks a comma",
        hint="close it with ']'",
    ),
    _Saying(
        doing="flow mapping",
        met="expected ',' or '}'",
        points_at_start=True,
        message="the mapping that '{' begins is not closed, or lacks a comma",
        hint="close it with '}'; put a text that contains ',' or ': ' in quotes",
    ),
    _Saying(
        met="mapping values are not allowed|mapping keys are not allowed",
        message="a ':' stands where none can",
        hint="indent the line as its neighbours; put a text that contains ': ' in quotes",
    ),
    _Saying(
        met="sequence entries are not allowed",
        message="a list cannot begin here",
        hint="begin it on the next line, or write [a, b]",
    ),
    _Saying(
        doing="simple key",
        met="could not find expected ':'",
        points_at_start=True,
        message="this line is neither 'key: value' nor an item after '-'",
        hint="is a ':' missing, or the indentation wrong?",
    ),
    _Saying(
        doing="block",
        met="expected <block end>, but found '<scalar>'",
        message="something follows the value that does not belong to it",
        hint="put the whole value in quotes",
    ),
    _Saying(
        doing="block",
        met="expected <block end>",
        message="this line does not fit the lines above",
        hint="indent it as its neighbours: same column, same list",
    ),
    _Saying(
        met="expected the node content, but found '(.+)'",
        message="no value can begin with {}",
    ),
    _Saying(
        doing="anchor|alias",
        points_at_start=True,
        message="'&' and '*' begin a name for reuse, and no such name follows",
        hint="put a text that begins with '*' or '&' in quotes",
    ),
    _Saying(
        doing="tag",
        points_at_start=True,
        message="'!' begins a YAML tag, which rule files do not use",
        hint="put it in quotes",
    ),
    _Saying(
        doing="block scalar",
        points_at_start=True,
        message="after '|' or '>' the text begins on the next line",
    ),
    _Saying(
        met="expected '<document start>'",
        message="the file goes on after its end ('...')",
        hint="remove the '...'",
    ),
)


def in_plain_words(error: yaml.YAMLError, text: str) -> YamlFault:
    """Translate an error of PyYAML's reader, scanner or parser.

    Args:
        error: What PyYAML raised.
        text: What it was reading.
    """
    if isinstance(error, yaml.reader.ReaderError):
        return _bad_character(text, error.position)
    if not isinstance(error, yaml.MarkedYAMLError):
        return YamlFault(0, 0, "this is not YAML")
    doing, met = error.context or "", error.problem or ""
    for saying in _SAYINGS:
        found = re.search(saying.met, met)
        if found is None or not re.search(saying.doing, doing):
            continue
        mark = (error.context_mark if saying.points_at_start else None) or error.problem_mark
        caught = f"'{_visible(found[1])}'" if found.lastindex else ""
        hint = _hint_of_comment(doing, mark, text) or saying.hint
        return _at(mark, saying.message.replace("{}", caught), hint)
    return _at(error.problem_mark or error.context_mark, f"this is not YAML: {met}", "")


def _at(mark: yaml.Mark | None, message: str, hint: str) -> YamlFault:
    if mark is None:
        return YamlFault(0, 0, message, hint)
    return YamlFault(mark.line, mark.column, message, hint)


def _hint_of_comment(doing: str, mark: yaml.Mark | None, text: str) -> str:
    """What to do where `{channel: chat, to: #tier-2}` ends in a comment."""
    if mark is None or "flow" not in doing:
        return ""
    comment = _COMMENT.search(LINE_BREAK.split(text)[mark.line], mark.column)
    return f"'{comment[1]}' begins a comment: put the text in quotes" if comment else ""


def _visible(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]


def _bad_character(text: str, position: int) -> YamlFault:
    before = LINE_BREAK.split(text[:position])
    code = ord(text[position]) if position < len(text) else 0
    return YamlFault(
        len(before) - 1,
        len(before[-1]),
        f"the character U+{code:04X} may not stand in a file",
        "remove it; it is invisible in most editors",
    )
