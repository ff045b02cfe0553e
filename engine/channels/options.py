"""What the config file says of one channel, read key by key."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from engine.domain.duration import Duration, DurationError
from engine.errors import ConfigError
from engine.oauth import Grant

if TYPE_CHECKING:
    from engine.ports import Clock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a channel may use of the process that it lives in.

    Attributes:
        clock: The domain's `now`: what messages are dated by.
        monotonic: Seconds since some fixed point, in real time: what time-outs are measured by.
        stream: Where the console channel writes.
        folder: What relative paths start from (the config file's folder).
        real_now: The machine's instant (aware UTC), whatever is replayed: what signatures are dated
            by.
    """

    clock: Clock
    monotonic: Callable[[], float]
    stream: TextIO
    folder: Path
    real_now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Options:
    """One channel's mapping in the config file; remembers what was asked for.

    Attributes:
        place: Where it stands, for errors: ``channels.NAME``.
        channel: The channel's name.
        given: The mapping itself, secrets resolved.
    """

    place: str
    channel: str
    given: Mapping[str, object]
    _asked: set[str] = field(default_factory=set, init=False, repr=False)

    def text(self, key: str) -> str | None:
        """A non-empty text, None when the key is absent.

        Raises:
            ConfigError: It is something else.
        """
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"is {value!r}, and must be a text")
        return value

    def required_text(self, key: str) -> str:
        """A non-empty text.

        Raises:
            ConfigError: It is missing, or something else.
        """
        value = self.text(key)
        if value is None:
            raise ConfigError(f"{self.place}: {key} is missing")
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of `choices`; the default when the key is absent.

        Raises:
            ConfigError: It is none of them, or missing without a default.
        """
        value = self.text(key) or default
        if value is None:
            raise ConfigError(f"{self.place}: {key} is missing; one of {', '.join(choices)}")
        if value not in choices:
            raise self.error(key, f"is {value!r}, and must be one of {', '.join(choices)}")
        return value

    def port(self, key: str, default: int) -> int:
        """A TCP port.

        Raises:
            ConfigError: It is no whole number from 1 to 65535.
        """
        value = self._value(key)
        if value is None:
            return default
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if type(number) is not int or not 1 <= number <= 65535:  # noqa: PLR2004
            raise self.error(key, f"is {value!r}, and must be a port from 1 to 65535")
        return number

    def duration(self, key: str, default: timedelta) -> timedelta:
        """A positive length of time, as rule files write them (``15s``).

        Raises:
            ConfigError: It is no such thing.
        """
        value = self._value(key)
        if value is None:
            return default
        if isinstance(value, timedelta):
            return value
        try:
            length = Duration.parse(str(value)).to_timedelta(timedelta(days=1), timedelta(weeks=1))
        except DurationError as error:
            raise self.error(key, f"cannot be read: {error}; {error.help}") from None
        if not length:
            raise self.error(key, "must be longer than nothing")
        return length

    def grant(self, key: str) -> Grant | None:
        """By what access tokens are got, None when the key is absent.

        Raises:
            ConfigError: It is something else.
        """
        value = self._value(key)
        if value is not None and not isinstance(value, Grant):
            raise self.error(key, f"is {value!r}, and must be a Grant")
        return value

    def refuse_unread(self) -> None:
        """Refuse keys that nothing asked for.

        Raises:
            ConfigError: There are some; the first is named, with the likeliest intention.
        """
        for key in self.given:
            if key not in self._asked:
                meant = difflib.get_close_matches(key, sorted(self._asked), n=1)
                hint = f"; did you mean {meant[0]}?" if meant else ""
                raise ConfigError(f"{self.place}: unknown key {key}{hint}")

    def error(self, key: str, fault: str) -> ConfigError:
        """The error that says where the fault is and what it is."""
        return ConfigError(f"{self.place}.{key} {fault}")

    def _value(self, key: str) -> object:
        self._asked.add(key)
        return self.given.get(key)
