"""A real Redmine of a test's own: on SQLite, on loopback, on a free port."""

from __future__ import annotations

import os
import secrets
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from tests.helpdesks.real.serving import Serving

LIBRARY: Final = Path("/usr/share/redmine")
SEED: Final = Path(__file__).with_name("seed.rb")
US: Final = "escalatord"
ADMIN_KEY: Final = "a" * 40
PASSWORD: Final = "a-long-password"
ROLE: Final = "Escalation"
RIGHTS: Final = (
    "view_issues",
    "add_issues",
    "edit_issues",
    "add_issue_notes",
    "set_notes_private",
)
"""The least that our account needs."""
NEW_KEY: Final = (
    "INSERT INTO tokens (user_id, action, value, created_on, updated_on)"
    " SELECT id, 'api', :key, '2020-01-01', '2020-01-01' FROM users WHERE login = :login"
)
_DATABASE: Final = """\
production:
  adapter: sqlite3
  database: {folder}/redmine.sqlite3
  encoding: utf8
  timeout: 10000
"""
_PROXIED: Final = f"""\
require '{LIBRARY}/config/environment'
use(Class.new do
  def initialize(app) = @app = app

  def call(env)
    status, headers, body = @app.call(env)
    [status, headers.merge('Date' => Time.now.httpdate), body]
  end
end)
run Rails.application
"""
_MAIL: Final = """\
production:
  email_delivery:
    delivery_method: :file
    file_settings:
      location: {folder}/mail
"""


@dataclass
class Redmine(Serving):
    """A running Redmine, seen as its own people see it: by another client than ours.

    Attributes:
        key: The API key of the account `escalatord`.
    """

    program_folder = LIBRARY
    is_behind_a_proxy: bool = False
    key: str = ""
    people: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "REDMINE_INSTANCE": "../" * 16 + str(self.folder).lstrip("/"),
            "REDMINE_LANG": "en",
            "RAILS_ENV": "production",
            "SCHEMA": os.devnull,
            "TZ": "UTC",
        }

    # --- the server ---

    def make(self) -> None:
        """Its database, people and rights."""
        for name in ("config", "files", "log", "tmp/pids", "public/plugin_assets", "mail"):
            (self.folder / name).mkdir(parents=True)
        config = self.folder / "config"
        (config / "database.yml").write_text(_DATABASE.format(folder=self.folder))
        (config / "configuration.yml").write_text(_MAIL.format(folder=self.folder))
        (config / "secret_key.txt").write_text(secrets.token_hex(32))
        for task in ("db:migrate", "redmine:load_default_data"):
            self._bundle("rake", task)
        self._let_rest_in()
        self.start()
        self._settle_people()

    def _bundle(self, *command: str) -> None:
        done = subprocess.run(
            ["bundle", "exec", *command],
            cwd=LIBRARY,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _let_rest_in(self) -> None:
        self.sql(
            "INSERT INTO settings (name, value, updated_on)"
            " VALUES ('rest_api_enabled', '1', '2020-01-01')"
        )
        self.sql("UPDATE users SET must_change_passwd = 0 WHERE login = 'admin'")
        self.sql(NEW_KEY, login="admin", key=ADMIN_KEY)
        self.sql(
            "INSERT INTO roles (name, position, assignable, builtin, issues_visibility,"
            " users_visibility, time_entries_visibility, all_roles_managed, permissions)"
            " VALUES (:name, 9, 0, 0, 'all', 'all', 'all', 1, :permissions)",
            name=ROLE,
            permissions=_permissions(RIGHTS),
        )
        for name in ("Tier", "Tags"):
            self.add_field(name)

    def _settle_people(self) -> None:
        for login in (US, "alice", "bob", "lead", "eve", "mallory"):
            user = {
                "login": login,
                "firstname": login.title(),
                "lastname": "Test",
                "mail": f"{login}@desk.example",
                "password": PASSWORD,
            }
            self.call("POST", "/users.json", {"user": user})
            told = self.call("GET", "/users/current.json", who=login, key=None)
            self.people[login] = str(told["user"]["id"])
        self.key = self.new_key()

    def command(self) -> Sequence[str]:
        address = f"tcp://127.0.0.1:{self.port}"
        started = "config.ru"
        if self.is_behind_a_proxy:
            started = str(self.folder / "proxied.ru")
            Path(started).write_text(_PROXIED)
        return ["puma", "-e", "production", "-t", "1:4", "-b", address, started]

    @contextmanager
    def behind_a_proxy(self) -> Iterator[None]:
        """Its answers tell the time for a while, as they do behind nginx or Apache."""
        self.stop()
        self.is_behind_a_proxy = True
        self.start()
        try:
            yield
        finally:
            self.stop()
            self.is_behind_a_proxy = False
            self.start()

    def ask_whether_it_is_up(self) -> None:
        self.call("GET", "/users/current.json")

    # --- what its administrators do ---

    def sql(self, statement: str, **values: str | int) -> None:
        """Change the database, where Redmine's interface cannot."""
        with closing(sqlite3.connect(self.folder / "redmine.sqlite3", timeout=30)) as base, base:
            base.execute(statement, values)

    def ask(self, query: str, **values: str) -> list[str]:
        """The first column of a query of Redmine's own tables, as text."""
        with closing(sqlite3.connect(self.folder / "redmine.sqlite3", timeout=30)) as base:
            return [str(first) for first, *_ in base.execute(query, values)]

    def seed(self, project: str, count: int) -> None:
        """Fill a project with tickets and their threads."""
        self._bundle("rails", "runner", str(SEED), project, str(count))

    def new_key(self) -> str:
        """Our account's key is reset."""
        key = secrets.token_hex(20)
        self.sql(
            "DELETE FROM tokens WHERE action = 'api'"
            " AND user_id = (SELECT id FROM users WHERE login = :login)",
            login=US,
        )
        self.sql(NEW_KEY, login=US, key=key)
        return key

    def age(self, number: str, hours: int) -> None:
        """All that has happened to a ticket happened so much earlier."""
        earlier = f"-{hours} hours"
        self.sql(
            "UPDATE journals SET created_on = datetime(created_on, :earlier)"
            " WHERE journalized_id = :number",
            earlier=earlier,
            number=number,
        )
        self.sql(
            "UPDATE issues SET created_on = datetime(created_on, :earlier),"
            " updated_on = datetime('now') WHERE id = :number",
            earlier=earlier,
            number=number,
        )

    @contextmanager
    def without(self, *rights: str) -> Iterator[None]:
        """Our role lacks rights for a while."""
        left = [right for right in RIGHTS if right not in rights]
        self._set_rights(left)
        try:
            yield
        finally:
            self._set_rights(RIGHTS)

    def _set_rights(self, rights: Sequence[str]) -> None:
        self.sql(
            "UPDATE roles SET permissions = :permissions WHERE name = :role",
            permissions=_permissions(rights),
            role=ROLE,
        )

    def set_zone(self, zone: str) -> None:
        """The time zone of our account is changed, by its name in Rails."""
        ours = "user_id = (SELECT id FROM users WHERE login = :login)"
        self.sql(
            "INSERT INTO user_preferences (user_id) SELECT id FROM users u WHERE login = :login"
            " AND NOT EXISTS (SELECT 1 FROM user_preferences p WHERE p.user_id = u.id)",
            login=US,
        )
        self.sql(f"UPDATE user_preferences SET time_zone = :zone WHERE {ours}", zone=zone, login=US)

    def set_visibility(self, visibility: str) -> None:
        """Which tickets our role sees: `all`, `default`, `own`."""
        self.sql(
            "UPDATE roles SET issues_visibility = :visibility WHERE name = :role",
            visibility=visibility,
            role=ROLE,
        )

    def add_field(self, name: str) -> None:
        """A custom field that holds a text, of all trackers and projects."""
        self.sql(
            "INSERT INTO custom_fields (type, name, field_format, regexp, is_required, is_for_all,"
            " is_filter, position, searchable, default_value, editable, visible, multiple,"
            " format_store) VALUES ('IssueCustomField', :name, 'string', '', 0, 1, 1, 1, 0,"
            " '', 1, 1, 0, '--- {}')",
            name=name,
        )
        self.set_field(name, shown=True)

    def set_field(self, name: str, *, shown: bool) -> None:
        """A custom field is taken from all trackers, or put back."""
        self.sql(
            "DELETE FROM custom_fields_trackers"
            " WHERE custom_field_id = (SELECT id FROM custom_fields WHERE name = :name)",
            name=name,
        )
        if shown:
            self.sql(
                "INSERT INTO custom_fields_trackers (custom_field_id, tracker_id)"
                " SELECT f.id, t.id FROM custom_fields f, trackers t WHERE f.name = :name",
                name=name,
            )

    def forbid(self, name: str) -> None:
        """The workflow makes a field read-only to our role."""
        self.sql(
            "INSERT INTO workflows (type, tracker_id, old_status_id, role_id, field_name, rule)"
            " SELECT 'WorkflowPermission', t.id, s.id, r.id, :name, 'readonly'"
            " FROM trackers t, issue_statuses s, roles r WHERE r.name = :role",
            name=name,
            role=ROLE,
        )

    def permit(self, name: str) -> None:
        """The workflow lets our role edit a field again."""
        self.sql("DELETE FROM workflows WHERE field_name = :name", name=name)

    def project(self, name: str, *, with_us: bool = True) -> str:
        """A new project with its people; its identifier, made unique."""
        unique = f"{name}-{next(self._numbers)}"
        project = {"name": unique.title(), "identifier": unique, "is_public": False}
        self.call("POST", "/projects.json", {"project": project})
        agents = dict.fromkeys(("alice", "bob", "lead"), "Manager")
        customers = dict.fromkeys(("eve", "mallory"), "Reporter")
        for login, role in {**agents, **customers, **({US: ROLE} if with_us else {})}.items():
            self.join(unique, login, role)
        return unique

    def join(self, project: str, login: str, role: str) -> str:
        """Somebody becomes a member of a project; the number of the membership."""
        body = {"user_id": self.people[login], "role_ids": [self.role(role)]}
        path = f"/projects/{project}/memberships.json"
        return str(self.call("POST", path, {"membership": body})["membership"]["id"])

    def role(self, name: str) -> int:
        """A role's number."""
        return self._number("/roles.json", "roles", name)

    def _number(self, path: str, listed: str, name: str) -> int:
        found = self.call("GET", path)[listed]
        return next(int(one["id"]) for one in found if one["name"] == name)

    # --- what its people do ---

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        who: str | None = None,
        key: str | None = ADMIN_KEY,
    ) -> dict[str, Any]:
        """One call, as somebody (None: the administrator)."""
        headers = {"X-Redmine-API-Key": key} if key and who is None else {}
        answer = httpx.request(
            method,
            f"{self.url}{path}",
            auth=(who, PASSWORD) if who else None,
            headers=headers,
            json=body,
            timeout=60,
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content else {}

    def open(self, project: str, who: str = "eve", **more: object) -> str:
        """A customer's ticket; its number."""
        issue = {
            "project_id": project,
            "tracker_id": self._number("/trackers.json", "trackers", "Support"),
            "subject": "The printer is on fire",
            "description": "Please help",
        }
        told = self.call("POST", "/issues.json", {"issue": issue}, who)
        number = str(told["issue"]["id"])
        if more:
            self.set(number, "alice", **more)
        return number

    def set(self, number: str, who: str = "alice", **fields: object) -> None:
        """Somebody of the desk changes a ticket, by names."""
        self.call("PUT", f"/issues/{number}.json", {"issue": self._written(fields)}, who)

    def _written(self, fields: Mapping[str, object]) -> dict[str, object]:
        lists = {
            "priority": ("/enumerations/issue_priorities.json", "issue_priorities"),
            "status": ("/issue_statuses.json", "issue_statuses"),
            "tracker": ("/trackers.json", "trackers"),
        }
        body: dict[str, object] = {}
        custom = []
        for name, value in fields.items():
            if name in lists:
                body[f"{name}_id"] = self._number(*lists[name], str(value))
            elif name == "owner":
                body["assigned_to_id"] = self.people[str(value)] if value else ""
            elif name == "project":
                found = self.call("GET", f"/projects/{value}.json")
                body["project_id"] = found["project"]["id"]
            elif name in ("Tier", "Tags"):
                custom.append({"id": self.field(name), "value": value})
            else:
                body[name] = value
        return {**body, **({"custom_fields": custom} if custom else {})}

    def field(self, name: str) -> int:
        """A custom field's number."""
        return self._number("/custom_fields.json", "custom_fields", name)

    def say(self, number: str, text: str, who: str, *, private: bool = False) -> None:
        """Somebody writes a note."""
        body = {"notes": text, "private_notes": private}
        self.call("PUT", f"/issues/{number}.json", {"issue": body}, who)

    def delete(self, number: str) -> None:
        """An administrator deletes a ticket."""
        self.call("DELETE", f"/issues/{number}.json")

    # --- what another client sees ---

    def ticket(self, number: str) -> dict[str, Any]:
        """A ticket as it stands, with its journal."""
        path = f"/issues/{number}.json?include=journals"
        found: dict[str, Any] = self.call("GET", path)["issue"]
        return found

    def custom(self, number: str, name: str) -> str:
        """The value of a custom field."""
        fields = self.ticket(number).get("custom_fields") or ()
        return next((str(one["value"]) for one in fields if one["name"] == name), "")

    def project_of(self, number: str) -> str:
        """The identifier of a ticket's project."""
        project = self.ticket(number)["project"]["id"]
        return str(self.call("GET", f"/projects/{project}.json")["project"]["identifier"])

    def owner(self, number: str) -> str | None:
        """The login of whom a ticket is assigned to."""
        who = str((self.ticket(number).get("assigned_to") or {}).get("id"))
        return next((login for login, one in self.people.items() if one == who), None)

    def said(self, number: str, *, private: bool) -> list[tuple[str, str]]:
        """The notes, private or public ones: who wrote what, in order."""
        logins = {one: login for login, one in self.people.items()}
        return [
            (logins.get(str(one["user"]["id"]), "?"), str(one["notes"]))
            for one in self.ticket(number)["journals"]
            if one.get("notes") and bool(one["private_notes"]) is private
        ]

    def mails(self) -> list[str]:
        """What Redmine sent out, as it stands in the files."""
        return [path.read_text() for path in sorted((self.folder / "mail").iterdir())]


def _permissions(rights: Sequence[str]) -> str:
    return "---\n" + "".join(f"- :{right}\n" for right in rights)
