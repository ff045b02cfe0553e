"""A statement of the config file, looked at before any database sees it.

Only what reads is let through: one SELECT, with or without WITH. The rights of the database's user
and a read-only session stand behind this; it is there so that a mistake is told at once, with its
place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      (?P<string>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*"|`[^`]*`)
    | (?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<cast>::)
    | (?P<bind>:[A-Za-z_]\w*)
    | (?P<word>\.?[A-Za-z_]\w*)
    | (?P<end>;)
    | (?P<open>['"`]|/\*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# MySQL's own way to write a quotation mark within a string.
_ESCAPED_QUOTE: Final = re.compile(r"(?<!\\)\\'")
# What SQLAlchemy would take for a place to fill in.
_LOOKS_BOUND: Final = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")
_WRITES: Final = re.compile(
    "insert|update|delete|merge|into|truncate|drop|alter|create|grant|revoke|attach|pragma"
    "|vacuum|call|exec|execute|copy|lock"
)
_READS: Final = ("select", "with")
_KINDS: Final = tuple(name for name in _TOKEN.groupindex if name != "tag")


class StatementError(ValueError):
    """A text that is no statement for us.

    Attributes:
        help: What to do about it.
    """

    def __init__(self, message: str, help_: str) -> None:
        super().__init__(message)
        self.help = help_


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that reads.

    Attributes:
        text: As SQLAlchemy's `text` takes it, without a semicolon at its end.
        binds: Names of what is to be filled in, sorted.
    """

    text: str
    binds: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, known: frozenset[str]) -> Statement:
        """Read a statement.

        Args:
            text: SQL of any dialect.
            known: Names that may be filled in.

        Raises:
            StatementError: It is not one statement that only reads.
        """
        parts: list[str] = []
        words: list[str] = []
        binds: set[str] = set()
        has_ended = False
        for kind, piece in _tokens(text):
            if kind == "comment" or not piece.strip():
                parts.append(_as_it_stands(piece))
                continue
            if has_ended:
                raise StatementError("there is more after the semicolon", "keep one SELECT")
            if kind == "end":
                has_ended = True
                continue
            if kind == "bind":
                binds.add(piece[1:])
            elif kind == "word":
                words.append(piece.lower())
            elif kind == "open":
                raise StatementError(
                    f"a {piece} is opened and never closed", f"close it with {piece}"
                )
            elif kind == "other" and not words and piece != "(":
                words.append(piece)
            parts.append(piece if kind == "bind" else _as_it_stands(piece))
        _refuse_writing(words)
        _refuse_unknown(binds, known)
        return cls("".join(parts).strip(), tuple(sorted(binds)))


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = list(_scan(text))
    if ("open", "'") in tokens and _ESCAPED_QUOTE.search(text):
        return list(_scan(_ESCAPED_QUOTE.sub("''", text)))
    return tokens


def _scan(text: str) -> Iterator[tuple[str, str]]:
    for found in _TOKEN.finditer(text):
        kind = next(name for name in _KINDS if found[name] is not None)
        yield kind, found[0]


def _as_it_stands(piece: str) -> str:
    """A piece of SQL in which nothing is to be filled in."""
    return _LOOKS_BOUND.sub(r"\\:", piece)


def _refuse_writing(words: list[str]) -> None:
    first = words[0] if words else ""
    if first not in _READS:
        said = f"it begins with {first.upper()}" if first else "it is empty"
        raise StatementError(f"this is no query: {said}", "write SELECT …, or WITH … SELECT …")
    found = next((word for word in words if _WRITES.fullmatch(word)), None)
    if found:
        raise StatementError(
            f"{found.upper()} has no place in a query that only reads",
            f'write only SELECT; a column of that name goes in quotation marks: "{found}"',
        )


def _refuse_unknown(binds: set[str], known: frozenset[str]) -> None:
    strange = sorted(binds - known)
    if strange:
        names = ", ".join(f":{name}" for name in sorted(known))
        advice = f"only {names} is filled in" if known else "nothing is filled in here"
        raise StatementError(f"nobody fills in :{strange[0]}", f"{advice}; write the value itself")
