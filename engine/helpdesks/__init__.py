"""Helpdesks by kind: a new connector is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from engine.helpdesks.file.desk import FileHelpdesk
from engine.helpdesks.file.options import FileOptions
from engine.helpdesks.options import HelpdeskOptions

if TYPE_CHECKING:
    from engine.ports import Helpdesk


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of helpdesk.

    Attributes:
        options: What the config file may say of it.
        factory: Builds one from its name and its options; it contacts nothing yet.
    """

    options: type[HelpdeskOptions]
    factory: Callable[[str, Any], Helpdesk]


KINDS: Final[Mapping[str, Kind]] = {
    "file": Kind(FileOptions, FileHelpdesk),
}


def open_helpdesk(name: str, options: HelpdeskOptions) -> Helpdesk:
    """Build the helpdesk that the config file calls `name`; contacts nothing yet."""
    return KINDS[options.kind].factory(name, options)
