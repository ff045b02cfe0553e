"""What every helpdesk's part of the config file has in common, and the texts that it is made of.

In the config file everything is text (see `engine.settings.yaml_text`); the types here read
numbers, zones and places from it. A value that cannot be read raises `PydanticCustomError`: its
type is the stable code of the fault, its context says what is wrong and what to do.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

from engine.domain.capability import EVERYTHING, Capabilities


class Options(BaseModel):
    """A mapping of the config file: unknown keys are faults, nothing is guessed."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", arbitrary_types_allowed=True
    )


@dataclass(frozen=True, slots=True)
class OptionFault:
    """Something wrong between options that are each right.

    Attributes:
        path: Keys that lead to the offending value, from the helpdesk's own mapping.
        code: Stable name of the fault.
        message: What is wrong.
        help: What to do about it.
    """

    path: tuple[str | int, ...]
    code: str
    message: str
    help: str


class HelpdeskOptions(Options):
    """One entry below `helpdesks`; each kind adds its own keys.

    Attributes:
        reaches_out: Whether it talks to other machines; a replay never stands beside such a one.
        replies_by: The channel by which its customers are written to, at their e-mail address,
            instead of a public reply on the ticket.
        answers_itself: It writes by that channel itself, in the ticket's thread.
    """

    reaches_out: ClassVar[bool] = True
    answers_itself: ClassVar[bool] = False
    kind: str
    replies_by: str | None = None

    @property
    def can(self) -> Capabilities:
        """What such a helpdesk can do."""
        return EVERYTHING

    def faults(self) -> Iterator[OptionFault]:
        """What is wrong between options that are each right."""
        yield from ()

    def channels_used(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The channels that it hands on by what is to be done: key of the option, and name."""
        yield from ()


def refuse(code: str, message: str, help_: str) -> PydanticCustomError:
    """The error of a value that cannot be used.

    Args:
        code: Stable name of the fault.
        message: What is wrong.
        help_: What to do about it.
    """
    # pydantic fills in placeholders from the context: the text must arrive as one of them.
    return PydanticCustomError(code, "{said}", {"said": message, "help": help_})


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that somebody who wrote `word` may have meant."""
    by_lower = {known.lower(): known for known in sorted(words)}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def suggestion(word: str, words: Iterable[str]) -> str:
    """Advice for a word that is none of `words`: the nearest, else all of them."""
    known = tuple(words)
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else f"write one of {', '.join(known)}"


_SHOWN: Final = 60
_FLAGS: Final = {"true": True, "yes": True, "false": False, "no": False}


def _flag(value: object) -> object:
    if not isinstance(value, str) or value.lower() not in _FLAGS:
        message = f"{shown(value)} is neither true nor false"
        raise refuse("not-a-flag", message, "write true or false")
    return _FLAGS[value.lower()]


def _zone(value: object) -> object:
    if isinstance(value, ZoneInfo):
        return value
    name = value if isinstance(value, str) else ""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        near = nearest(name, available_timezones())
        help_ = f"did you mean '{near}'?" if near else "write an IANA name such as Europe/Berlin"
        raise refuse("time-zone", f"there is no time zone {shown(value)}", help_) from None


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A path of the config file.

    Attributes:
        text: As it was written.
        path: Where that is; relative paths begin at the config file's folder. It may hold
            wildcards where the option allows them.
        folder: The config file's folder.
    """

    text: str
    path: Path
    folder: Path

    @classmethod
    def parse(cls, text: str, folder: Path) -> FilePlace:
        """Read a path, `~` included."""
        return cls(text, folder / Path(text).expanduser(), folder)

    def show(self, path: Path) -> str:
        """How a file found by this path is named to people: in the manner of `text`."""
        if path == self.path:
            return self.text
        is_absolute = Path(self.text).expanduser().is_absolute()
        return str(path) if is_absolute else os.path.relpath(path, self.folder)


def _place(value: object, info: ValidationInfo) -> object:
    if isinstance(value, FilePlace):
        return value
    text = value if isinstance(value, str) else ""
    try:
        place = FilePlace.parse(text, (info.context or {}).get("folder", Path.cwd()))
    except RuntimeError:  # a home that nobody has
        place = None
    if place is None or not text.strip() or "\0" in text:
        raise refuse("path", f"{shown(value)} is no path", "write the path of a file")
    return place


def shown(value: object) -> str:
    """A value of the config file as a message shows it, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}…'"


def numeral(value: object, example: str) -> float:
    """The number that a text of the config file says, a plain decimal.

    Raises:
        PydanticCustomError: It says none.
    """
    text = value if isinstance(value, str) else ""
    digits = text.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit()):
        raise refuse("not-a-number", f"{shown(value)} is no number", f"write for example {example}")
    return float(text)


Flag = Annotated[bool, BeforeValidator(_flag)]
"""`true` or `false`, also `yes` or `no`."""

Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
"""An IANA time zone."""

PlaceOfFile = Annotated[FilePlace, BeforeValidator(_place)]
"""A path; relative ones begin at the folder in the validation context."""
