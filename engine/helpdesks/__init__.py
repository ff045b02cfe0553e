"""Helpdesks by kind: a new connector is one module and one line here.

Connectors of others are found by their entry point: a package that is installed beside us says in
its metadata, in the group `escalatord.helpdesks`, which `Kind` it brings under which name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

from engine.errors import ConfigError
from engine.helpdesks.file.options import FileOptions
from engine.helpdesks.freshdesk.options import FreshdeskOptions
from engine.helpdesks.intake.options import IntakeOptions
from engine.helpdesks.jira.options import JiraOptions
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.helpdesks.options import HelpdeskOptions
from engine.helpdesks.redmine.options import RedmineOptions
from engine.helpdesks.rt.options import RtOptions
from engine.helpdesks.sql.options import SqlOptions
from engine.helpdesks.zammad.options import ZammadOptions
from engine.helpdesks.zendesk.options import ZendeskOptions

if TYPE_CHECKING:
    from engine.ports import Helpdesk

GROUP: Final = "escalatord.helpdesks"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of helpdesk.

    Attributes:
        options: What the config file may say of it.
        factory: ``MODULE:NAME`` of what builds one from its name and its options, and contacts
            nothing yet; loaded when the first one is built.
    """

    options: type[HelpdeskOptions]
    factory: str

    def build(self, name: str, options: HelpdeskOptions) -> Helpdesk:
        """One of this kind."""
        module, _, attribute = self.factory.partition(":")
        factory: Callable[[str, Any], Any] = getattr(importlib.import_module(module), attribute)
        return cast("Helpdesk", factory(name, options))


OUR_KINDS: Final[Mapping[str, Kind]] = {
    "file": Kind(FileOptions, "engine.helpdesks.file.desk:FileHelpdesk"),
    "freshdesk": Kind(FreshdeskOptions, "engine.helpdesks.freshdesk.desk:FreshdeskHelpdesk"),
    "intake": Kind(IntakeOptions, "engine.helpdesks.intake.desk:IntakeHelpdesk"),
    "jira": Kind(JiraOptions, "engine.helpdesks.jira.desk:JiraHelpdesk"),
    "mailbox": Kind(MailboxOptions, "engine.helpdesks.mailbox.desk:MailboxHelpdesk"),
    "redmine": Kind(RedmineOptions, "engine.helpdesks.redmine.desk:RedmineHelpdesk"),
    "rt": Kind(RtOptions, "engine.helpdesks.rt.desk:RtHelpdesk"),
    "sql": Kind(SqlOptions, "engine.helpdesks.sql.desk:SqlHelpdesk"),
    "zammad": Kind(ZammadOptions, "engine.helpdesks.zammad.desk:ZammadHelpdesk"),
    "zendesk": Kind(ZendeskOptions, "engine.helpdesks.zendesk.desk:ZendeskHelpdesk"),
}


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by name, those of other packages included; ours come first.

    Raises:
        ConfigError: Another package's kind cannot be loaded.
    """
    found = dict(OUR_KINDS)
    for point in entry_points(group=GROUP):
        try:
            kind = point.load()
        except Exception as error:
            raise ConfigError(
                f"helpdesk kind '{point.name}' of {point.value} cannot be loaded: {error};"
                " mend that package or remove it"
            ) from error
        if not isinstance(kind, Kind):
            raise ConfigError(
                f"helpdesk kind '{point.name}': {point.value} is no engine.helpdesks.Kind;"
                " mend that package or remove it"
            )
        found.setdefault(point.name, kind)
    return MappingProxyType(found)


def open_helpdesk(name: str, options: HelpdeskOptions) -> Helpdesk:
    """Build the helpdesk that the config file calls `name`; contacts nothing yet."""
    return kinds()[options.kind].build(name, options)
