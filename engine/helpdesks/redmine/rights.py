"""What our account is allowed, and what it lacks.

Redmine tells each account its own roles, and what each role allows. What the workflow forbids it
does not tell: that shows when what was written is read back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.domain.ticket import Priority
from engine.helpdesks.redmine.client import Account, Item, Project, RedmineClient, Role
from engine.helpdesks.redmine.mapping import custom_values
from engine.helpdesks.redmine.options import STATUSES, RedmineOptions
from engine.ports import MissingRight, Need

READ: Final = "view_issues"
CHANGE: Final = "edit_issues"
WRITE: Final = "add_issue_notes"
HIDE: Final = "set_notes_private"

_TITLES: Final[Mapping[str, str]] = {
    READ: "View Issues",
    CHANGE: "Edit issues",
    WRITE: "Add notes",
    HIDE: "Set notes as private",
}
"""How Redmine's page of a role calls the permissions."""


@dataclass(frozen=True, slots=True)
class Access:
    """What our account is allowed.

    Attributes:
        roles: Those that we have anywhere, by number.
    """

    account: Account
    roles: Mapping[int, Role]

    @classmethod
    def of(cls, client: RedmineClient) -> Access:
        """Asked anew each time.

        Raises:
            HelpdeskError: Redmine cannot be reached, or does not know our key.
        """
        account = client.account()
        held = sorted({number for roles in account.roles.values() for number in roles})
        return cls(account, {number: client.role(number) for number in held})

    @property
    def fingerprint(self) -> str:
        """Is another as soon as we may see more, or less."""
        account = self.account
        seen = [
            [project, sorted((n, self._sight(n)) for n in held)]
            for project, held in sorted(account.roles.items())
        ]
        text = json.dumps([account.id, account.is_admin, seen])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _sight(self, role: int) -> str:
        found = self.roles[role]
        return found.visibility if READ in found.permissions else ""

    def may(self, permission: str, project: int) -> bool:
        """Whether a permission is ours in a project."""
        held = self.account.roles.get(project, frozenset())
        return self.account.is_admin or any(
            permission in self.roles[number].permissions for number in held
        )

    def sees_all(self, project: int) -> bool:
        """Whether no ticket of a project is hidden from us."""
        held = self.account.roles.get(project, frozenset())
        return self.account.is_admin or any(self._sight(number) == "all" for number in held)

    def role_names(self, project: int) -> str:
        """Our roles in a project, for people."""
        held = self.account.roles.get(project, frozenset())
        return ", ".join(sorted(self.roles[number].name for number in held))

    def remedy(self, permission: str, project: Project) -> str:
        """What to do where a permission is missing."""
        title, roles = _TITLES[permission], self.role_names(project.id)
        if not roles:
            login = self.account.login
            return f"add {login} to the members of '{project.name}', in a role with '{title}'"
        return f"tick '{title}' in the role {roles} (Administration, Roles and permissions)"


def missing_rights(
    client: RedmineClient, options: RedmineOptions, access: Access
) -> Iterator[MissingRight]:
    """What we lack, and what the config file names and Redmine does not know.

    Raises:
        HelpdeskError: It cannot be asked.
    """
    projects = {one.name: one for one in client.projects().values()}
    watched = options.projects or sorted(projects)
    if not watched:
        remedy = f"add {access.account.login} to the members of the projects to watch"
        yield MissingRight("a project", Need.READ, remedy)
    for name in watched:
        if name not in projects:
            remedy = (
                f"add {access.account.login} to the members of '{name}',"
                " or correct its identifier in `projects`"
            )
            yield MissingRight(f"project '{name}'", Need.READ, remedy)
        elif options.projects or access.account.roles.get(projects[name].id):
            yield from _in_project(access, projects[name])
    yield from _names(client, options)


def _in_project(access: Access, project: Project) -> Iterator[MissingRight]:
    needs = ((READ, Need.READ), (CHANGE, Need.CHANGE), (HIDE, Need.NOTE), (WRITE, Need.REPLY))
    for permission, need in needs:
        if not access.may(permission, project.id):
            remedy = access.remedy(permission, project)
            yield MissingRight(f"{permission} in '{project.name}'", need, remedy)
    if access.may(READ, project.id) and not access.sees_all(project.id):
        roles = access.role_names(project.id)
        remedy = f"set 'Issues visibility' of the role {roles} to 'All issues'"
        yield MissingRight(f"all issues in '{project.name}'", Need.READ, remedy)


def _names(client: RedmineClient, options: RedmineOptions) -> Iterator[MissingRight]:
    known = list(client.priorities().values())
    lower = {name.lower() for name in known}
    for word in Priority:
        theirs = options.priorities[word]
        if theirs.lower() not in lower:
            remedy = f"say in `priorities` what {word} is called: Redmine knows {', '.join(known)}"
            yield MissingRight(f"priority '{theirs}'", Need.READ, remedy)
    statuses = [name for name, _ in client.statuses().values()]
    lower = {name.lower() for name in statuses}
    for name in options.statuses:
        if name not in lower and name not in STATUSES:
            remedy = f"correct `statuses`: Redmine knows {', '.join(statuses)}"
            yield MissingRight(f"status '{name}'", Need.READ, remedy)


def lost_fields(options: RedmineOptions, issues: Iterable[Item]) -> Iterator[MissingRight]:
    """Custom fields that are mapped, and that none of some issues has.

    Args:
        options: What is mapped.
        issues: The youngest; none tells nothing.
    """
    told = [set(custom_values(issue)) for issue in issues]
    known = set().union(*told)
    for ours, theirs in options.custom_fields.items():
        if told and theirs not in known:
            remedy = (
                f"no ticket has a custom field '{theirs}' (our {ours}): put it back, make it"
                " visible to our role, or take it from `custom_fields`"
            )
            yield MissingRight(f"custom field '{theirs}'", Need.READ, remedy)
