"""Ways to reach people.

A new one is one file, one line in `KINDS`, one entry in the conformance suite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.channels import apprise, console, file, smtp, webhook
from engine.channels.options import Options, Surroundings
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.ports import Channel

__all__ = ["KINDS", "Surroundings", "open_channel", "stays_on_this_machine"]

KINDS: Final[Mapping[str, Callable[[Options, Surroundings], Channel]]] = {
    "console": console.from_options,
    "file": file.from_options,
    "smtp": smtp.from_options,
    "apprise": apprise.from_options,
    "webhook": webhook.from_options,
}

_LOCAL: Final[Mapping[str, Callable[[Options], bool]]] = {
    "console": lambda _: True,
    "file": lambda _: True,
    "smtp": smtp.is_local,
    "apprise": apprise.is_local,
    "webhook": webhook.is_local,
}
"""Whether a channel so configured reaches nobody beyond this machine; a kind left out does."""


def open_channel(name: str, options: Mapping[str, object], around: Surroundings) -> Channel:
    """Build the channel that the config file calls `name`; connects to nothing yet.

    Args:
        name: As rules and receivers name it.
        options: The channel's mapping in the config file, ``kind`` included, secrets resolved.
        around: What the channel may use of its process.

    Raises:
        ConfigError: The kind is unknown, or an option is missing, unknown or of the wrong shape.
    """
    given = _options(name, options)
    kind = given.choice("kind", tuple(KINDS))
    channel = KINDS[kind](given, around)
    given.refuse_unread()
    return channel


def stays_on_this_machine(name: str, options: Mapping[str, object]) -> bool:
    """Whether the channel reaches nobody beyond this machine (a replay may use no other).

    Raises:
        ConfigError: As for `open_channel`.
    """
    given = _options(name, options)
    kind = given.choice("kind", tuple(KINDS))
    return kind in _LOCAL and _LOCAL[kind](given)


def _options(name: str, options: Mapping[str, object]) -> Options:
    if not name:
        raise ConfigError("channels: a channel needs a name")
    return Options(f"channels.{name}", name, options)
