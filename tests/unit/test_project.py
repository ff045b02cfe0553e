"""What the project's own files promise to each other."""

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import engine

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+))? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, str]:
    """The locked version of each distribution."""
    found = map(PIN.fullmatch, (ROOT / lock).read_text().splitlines())
    return {pin["name"]: pin["version"] for pin in found if pin}


def names(requirements: list[str]) -> set[str]:
    """The distributions that requirements ask for, as locks spell them."""
    found = map(REQUIREMENT.match, requirements)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in found if name}


def targets() -> set[str]:
    """The targets that the Makefile offers to people."""
    (phony, *_) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return set(phony.split())


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_and_names_no_place(lock: str) -> None:
    strange = [
        line
        for line in (ROOT / lock).read_text().splitlines()
        if not PIN.fullmatch(line) and not HASH.fullmatch(line)
    ]

    assert strange == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()

    bare = [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if PIN.fullmatch(line) and not HASH.fullmatch(after)
    ]

    assert bare == []


def test_the_two_locks_agree() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_the_locks_hold_what_the_project_asks_for(project: dict[str, Any]) -> None:
    wanted = names(project["project"]["dependencies"])
    wanted_to_develop = names(project["dependency-groups"]["dev"])
    wanted_to_build = names(project["build-system"]["requires"])

    assert wanted - pins("requirements.lock").keys() == set()
    assert (wanted_to_develop | wanted_to_build) - pins("requirements-dev.lock").keys() == set()


def test_the_version_is_one(project: dict[str, Any]) -> None:
    assert project["project"]["version"] == engine.__version__


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel built from this tree."""
    built = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", built],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = built.iterdir()
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_the_starter_rules(wheel: set[str]) -> None:
    rules = {
        f"engine/starter/{path.relative_to(ROOT / 'rules')}"
        for path in (ROOT / "rules").rglob("*")
        if path.is_file()
    }

    assert rules
    assert {name for name in wheel if name.startswith("engine/starter/")} == rules


def test_the_wheel_carries_the_migrations_and_the_types(wheel: set[str]) -> None:
    assert "engine/py.typed" in wheel
    assert any(re.fullmatch(r"engine/store/migrations/versions/\w+\.py", name) for name in wheel)


def test_the_wheel_carries_the_engine_and_nothing_else(wheel: set[str]) -> None:
    assert {name.split("/")[0] for name in wheel} == {
        "engine",
        f"escalatord-{engine.__version__}.dist-info",
    }


def test_the_unit_starts_a_verb_that_exists() -> None:
    from engine.cli import group

    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(ROOT / "systemd" / "escalatord.service")
    program, *arguments = unit["Service"]["ExecStart"].split()

    shown = CliRunner().invoke(group, [*arguments, "--help"])

    assert Path(program).name == "escalatord"
    assert shown.exit_code == 0, shown.output


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert set(re.findall(r"^  make ([a-z-]+) ", listed.stdout, re.MULTILINE)) == targets()


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/install-systemd.md", ".ci/run"])
def test_a_target_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    named = set(re.findall(r"(?:^\s*|`|^step )make ([a-z-]+)", text, re.MULTILINE))

    assert named
    assert named <= targets()


def test_the_example_incidents_are_the_published_ones() -> None:
    incidents = ROOT / "examples" / "incidents" / "incident_event_log.csv"

    digest = hashlib.sha256(incidents.read_bytes()).hexdigest()

    assert digest == "85eb91cbd6ac7a7fab7640a844acec20e0a40a9ff6c7fc66f67439e413d7d5e3"


def test_the_example_incidents_say_whose_they_are() -> None:
    words = (ROOT / "examples" / "incidents" / "README.md").read_text()

    for needed in ("CC BY 4.0", "Amaral, Fantinato, Peres", "UCI Machine Learning Repository"):
        assert needed in words


def test_ci_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
