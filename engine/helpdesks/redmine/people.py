"""Who is of the desk at a Redmine, and who is a customer.

Redmine does not tell customers and agents apart. Of the desk are the people that the config file
names; those whose role in the project it names, or, if it names none, whose role may edit tickets;
and we ourselves. Everybody else speaks for the customer.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.domain.ticket import Actor
from engine.errors import HelpdeskError
from engine.helpdesks.redmine.client import RedmineClient
from engine.helpdesks.redmine.options import RedmineOptions


class UnknownNameError(HelpdeskError):
    """Redmine has nobody, or nothing, of that name."""


@dataclass(frozen=True, slots=True)
class People:
    """Knows the people of one Redmine.

    Attributes:
        ourselves: The number of our account.
    """

    name_of_desk: str
    options: RedmineOptions
    client: RedmineClient
    ourselves: int

    def is_customer(self, number: int, project: int) -> bool:
        """Whether somebody is a customer in a project (both by number)."""
        projects = {*self._watched(), project}  # a ticket moves, and its old answers with it
        if number == self.ourselves or any(number in self._of_the_desk(one) for one in projects):
            return False
        return self.client.login(number) not in self.options.agents

    def _watched(self) -> list[int]:
        wanted = self.options.projects
        known = self.client.projects().values()
        return [one.id for one in known if not wanted or one.name in wanted]

    def actor(self, number: int, project: int) -> Actor:
        """For whom somebody speaks in a project (both by number)."""
        return Actor.CUSTOMER if self.is_customer(number, project) else Actor.PERSON

    def name(self, number: int, otherwise: str = "") -> str:
        """How rules name a user, or a group.

        Args:
            number: The user's or group's.
            otherwise: What Redmine shows, for groups and for people without a login.
        """
        return self.client.login(number) or otherwise or self._shown(number)

    def number(self, name: str, project: int) -> int:
        """The number of a member of a project: of a user by login, of a group by its name.

        Raises:
            UnknownNameError: Nobody there bears that name.
        """
        members = self.client.members(project).items()
        names = {self.name(number, shown): number for number, (shown, _) in members}
        if name in names:  # as it is read back
            return names[name]
        known = ", ".join(sorted(names)) or "nobody"
        message = f"nobody called '{name}' is a member of the project: there is {known}"
        raise UnknownNameError(f"{self.name_of_desk}: {message}")

    def _shown(self, number: int) -> str:
        for project in self.client.projects():
            found = self.client.members(project).get(number)
            if found is not None:
                return found[0]
        return str(number)

    def _of_the_desk(self, project: int) -> frozenset[int]:
        wanted = self.options.agent_roles
        roles = {
            number
            for number, role in self.client.roles().items()
            if (role.name in wanted if wanted else "edit_issues" in role.permissions)
        }
        members = self.client.members(project)
        return frozenset(number for number, (_, held) in members.items() if held & roles)
