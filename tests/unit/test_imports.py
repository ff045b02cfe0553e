"""Who may import whom: the layers of the design, kept by walking the imports.

The table is the design's (`Layout`), with what building added to it:

- `errors` is everybody's: it is how a fault is put into words.
- `secret` reads what the config file only names the place of, for `settings` and `helpdesks`.
- `settings` reads each helpdesk's own options, and durations as the rule language writes them.
- `logs`, `supervision` and `scheduler` are the only doors to structlog, systemd and APScheduler.
- `daemon` stands between `app` and `cli`: the wiring in `app` runs there; it hands the secrets of
  `settings` to the intake of `web`.
- `ticks` runs the stages of the daemon, and changes the rules between two of them.
- `doors` opens the control socket and the web for the daemon; `insight` is the door to the
  Prometheus client, since the numbers are one more way to tell what the stages did; `heartbeat`
  only needs to log.
- `reload` keeps the daemon's rules up with their files: it asks `app` for both, and has the
  rulebook tell one content of the files from another, and show their faults.
- `insight` also puts into log lines what the stages did, so it knows the logger's type; and it
  tells what `simulation` looked ahead to.
- `checking` puts the rulebook and the renderer of messages together, since these two may not know
  each other: for `check`, for which `app` would import the store, and for `app`.
- `cli` prints what `insight` tells, starts what `daemon` runs, asks it through `control`, and has
  `simulation` compare two sets of rules. `schema` describes the rulebook's files; `migrate` opens
  the store before `app` can.
- `previewing` fills templates in for `cli` as their readers would see them, and names their files.
- `ruletests` reads test files as `rulebook` reads rules, and plays them in the `simulation`; the
  store and the composer that it plays on are handed to it by `app`.
- `scaffold` holds the files that `init` writes, and copies them.
- `links` signs what messages lead to, and reads it back for `web`; `app` makes it.
- `web` shows people pages in the words and times of `messages`, from templates of its own;
  `daemon` gives it the store, the clock and the rules in force.
- `secret` says where a secret is kept; whoever is configured may ask for one.
- `oauth` gets access tokens, which `helpdesks` and `channels` show to mail servers.
- `helpdesks` has one kind that reads databases, by the library of the store; no other module of it
  may, and nobody else loads it before such a helpdesk is configured.
- `signature` makes and verifies the signatures of webhooks: `channels` signs what we post, `web`
  verifies what is posted to us, and `settings` reads the secrets of that.
- `intake` is the vocabulary of what others may post, described by pydantic: `web` reads it, the
  helpdesk of that kind makes tickets of it, and `cli` prints its description.
- `testing`, for those who write connectors, knows the ports and the domain, and hands on the
  scripted helpdesk of the `simulation`.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.cli.desk import LATE, RECEIVERS

ROOT: Final = Path(__file__).parents[2]
ENGINE: Final = ROOT / "engine"

CONNECTORS: Final = {"domain", "ports", "errors"}
INNER: Final = {"domain", "ports", "pipeline", "errors"}

MAY_IMPORT: Final[Mapping[str, set[str]]] = {
    "errors": set(),
    "clock": set(),
    "logs": set(),
    "supervision": set(),
    "secret": {"errors"},
    "oauth": {"errors", "secret"},
    "domain": {"errors"},
    "ports": {"domain"},
    "rulebook": CONNECTORS,
    "messages": CONNECTORS,
    "store": CONNECTORS,
    "helpdesks": CONNECTORS | {"intake", "oauth", "secret"},
    "channels": CONNECTORS | {"oauth", "signature"},
    "intake": {"domain"},
    "signature": set(),
    "testing": CONNECTORS | {"simulation"},
    "pipeline": CONNECTORS | {"clock"},
    "simulation": INNER,
    "ruletests": INNER | {"rulebook", "simulation"},
    "insight": INNER | {"logs", "simulation"},
    "web": INNER | {"insight", "intake", "links", "logs", "messages", "signature", "simulation"},
    "control": INNER | {"insight", "simulation"},
    "links": CONNECTORS,
    "scaffold": {"errors"},
    "scheduler": {"clock"},
    "settings": {"domain", "errors", "helpdesks", "secret", "signature"},
    "checking": {"domain", "errors", "messages", "rulebook"},
    "previewing": {"checking", "domain", "errors", "messages", "rulebook"},
    "app": {
        "channels",
        "checking",
        "clock",
        "domain",
        "errors",
        "helpdesks",
        "links",
        "messages",
        "pipeline",
        "ports",
        "rulebook",
        "ruletests",
        "settings",
        "simulation",
        "store",
    },
    "heartbeat": {"logs"},
    "doors": {"control", "errors", "insight", "logs", "settings", "web"},
    "reload": {"app", "domain", "insight", "logs", "rulebook"},
    "ticks": INNER | {"app", "clock", "insight", "logs", "supervision"},
    "daemon": INNER
    | {"app", "clock", "doors", "heartbeat", "insight", "logs", "reload", "scheduler"}
    | {"settings", "supervision", "ticks", "web"},
    "cli": INNER
    | {
        "app",
        "checking",
        "clock",
        "control",
        "daemon",
        "insight",
        "intake",
        "logs",
        "previewing",
        "rulebook",
        "ruletests",
        "settings",
        "simulation",
        "scaffold",
        "store",
        "supervision",
    },
}
"""Part of the program → the other parts that it may import."""

OUTSIDE: Final[Mapping[str, set[str]]] = {
    "channels": {"apprise", "httpx", "rich"},
    "cli": {"click"},
    "helpdesks": {"httpx", "pydantic", "pydantic_core", "sqlalchemy"},
    "insight": {"prometheus_client"},
    "intake": {"pydantic", "pydantic_core"},
    "links": {"itsdangerous"},
    "logs": {"structlog"},
    "messages": {"jinja2", "markdown_it"},
    "oauth": {"httpx"},
    "rulebook": {"holidays", "re2", "yaml"},
    "scheduler": {"apscheduler"},
    "settings": {"pydantic", "yaml"},
    "store": {"alembic", "sqlalchemy"},
    "supervision": {"sdnotify"},
    "web": {"jinja2", "starlette", "uvicorn"},
}
"""Part of the program → the libraries that it may import; all others make do with Python's own."""

HEAVY: Final = {
    "alembic",
    "apprise",
    "apscheduler",
    "httpx",
    "jinja2",
    "prometheus_client",
    "psycopg",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "uvicorn",
}


@dataclass(frozen=True)
class Import:
    """One import of a module: `part` imports `module`, at `place`."""

    part: str
    module: str
    place: str

    @property
    def top(self) -> str:
        return self.module.split(".")[0]

    @property
    def other(self) -> str:
        """The part of our program that is imported."""
        return self.module.split(".")[1]

    def __str__(self) -> str:
        return f"{self.place}: {self.module}"


def imports() -> Iterator[Import]:
    """Every import of the program, those inside functions and for types included."""
    for path in sorted(ENGINE.rglob("*.py")):
        inside = path.relative_to(ENGINE)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for module in modules(node):
                place = f"engine/{inside}:{getattr(node, 'lineno', 0)}"
                yield Import(inside.parts[0].removesuffix(".py"), module, place)


def modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, f"line {node.lineno}: imports here name the whole path"
    module = str(node.module)
    if module == "engine":
        return [f"engine.{alias.name}" for alias in node.names]
    return [module]


ALL: Final = tuple(imports())
OURS: Final = [each for each in ALL if each.top == "engine" and each.module != "engine.__version__"]
THEIRS: Final = [
    each for each in ALL if each.top != "engine" and each.top not in sys.stdlib_module_names
]


def test_every_part_of_the_program_has_its_place_in_the_table() -> None:
    parts = {path.name.removesuffix(".py") for path in ENGINE.iterdir()}

    assert parts - {"__init__", "__pycache__", "py.typed", *MAY_IMPORT} == set()


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_is_below_it(part: str) -> None:
    strange = [
        str(each)
        for each in OURS
        if each.part == part and each.other not in {part, *MAY_IMPORT[part]}
    ]

    assert strange == []


def test_the_table_has_no_circles() -> None:
    settled: set[str] = set()
    while left := MAY_IMPORT.keys() - settled:
        free = {part for part in left if MAY_IMPORT[part] <= settled}
        assert free, f"a circle among {sorted(left)}"
        settled |= free


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_its_own_libraries(part: str) -> None:
    strange = [
        str(each)
        for each in THEIRS
        if each.part == part and each.top not in OUTSIDE.get(part, set())
    ]

    assert strange == []


@pytest.mark.parametrize(
    "library, door",
    [
        ("alembic", "store"),
        ("itsdangerous", "links"),
        ("apscheduler", "scheduler"),
        ("prometheus_client", "insight"),
        ("starlette", "web"),
        ("uvicorn", "web"),
    ],
)
def test_a_library_comes_in_by_one_door(library: str, door: str) -> None:
    assert {each.part for each in THEIRS if each.top == library} == {door}


def test_the_store_and_the_helpdesk_that_is_a_database_alone_speak_sql() -> None:
    places = [each.place for each in THEIRS if each.top == "sqlalchemy"]

    assert {place for place in places if not place.startswith("engine/store/")} == {
        place for place in places if place.startswith("engine/helpdesks/sql/")
    }


def test_settings_without_a_database_load_no_sql() -> None:
    program = "import sys, engine.settings; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert "engine.helpdesks.sql.options" in done.stdout.split()
    assert "sqlalchemy" not in done.stdout.split()


def test_the_domain_leans_on_python_alone() -> None:
    assert [str(each) for each in THEIRS if each.part == "domain"] == []
    assert {each.other for each in OURS if each.part == "domain"} <= {"domain", "errors"}


@pytest.mark.parametrize("module", ["logging", "socket", "sqlite3", "subprocess", "threading"])
def test_the_domain_does_nothing_outside_itself(module: str) -> None:
    assert [str(each) for each in ALL if each.part == "domain" and each.top == module] == []


# --- what a start costs --------------------------------------------------------------------------


def loaded_by(folder: Path, *arguments: str) -> set[str]:
    """The modules that are loaded at the end of a verb."""
    program = (
        "import sys\n"
        "from engine.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stderr.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with ten rules."""
    ten = (LATE.replace("id: late", f"id: late-{number}") for number in range(10))
    templates = tmp_path / "rules" / "templates" / "customer"
    templates.mkdir(parents=True)
    (tmp_path / "rules" / "rules.yaml").write_text(f"{RECEIVERS}rules:\n{''.join(ten)}")
    (templates / "received.md").write_text("---\nsubject: We have it\n---\nHello\n")
    return tmp_path


def test_checking_ten_rules_loads_nothing_heavy_but_what_fills_in_their_templates(
    folder: Path,
) -> None:
    loaded = loaded_by(folder, "check", "rules")

    assert "engine.rulebook" in loaded
    assert loaded & HEAVY == {"jinja2"}


def test_checking_rules_without_templates_loads_no_heavy_library(tmp_path: Path) -> None:
    bare = LATE.replace("    customer: {on_escalation: received}\n", "")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(f"{RECEIVERS}rules:\n{bare}")

    assert loaded_by(tmp_path, "check", "rules") & HEAVY == set()


def test_a_schema_loads_no_heavy_library(folder: Path) -> None:
    loaded = loaded_by(folder, "schema", "--contract", "once")

    assert loaded & HEAVY == set()


def test_a_verb_that_runs_once_loads_no_scheduler(folder: Path) -> None:
    (folder / "config.yaml").write_text("channels: {log: {kind: console}}\n")

    assert "apscheduler" not in loaded_by(folder, "once", "--dry-run")


def test_the_version_loads_no_verb(folder: Path) -> None:
    loaded = {name for name in loaded_by(folder, "--version") if name.startswith("engine.")}

    assert loaded == {"engine.cli", "engine.cli.complaints", "engine.errors"}
