"""The systemd unit, judged by systemd itself."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "escalatord.service"
PAGE = ROOT / "docs" / "install-systemd.md"

# Exposure in tenths, as `--threshold` counts it: between "OK" and "MEDIUM" lies 50.
EXPOSURE_LIMIT = 20

pytestmark = pytest.mark.system("systemd")


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze in a plain locale, without the emoji that it adds to its verdict."""
    return subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", "SYSTEMD_EMOJI": "0"},
    )


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return (done.stdout + done.stderr).splitlines()


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A root with this machine's units, ours, and the program that ours starts."""
    for units in (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system")):
        if units.is_dir():
            shutil.copytree(units, tmp_path / "usr/lib/systemd/system", symlinks=True)
            break
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "bin").symlink_to("usr/bin")
    programs = tmp_path / "usr/bin"
    programs.mkdir()
    program = programs / "escalatord"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "etc/systemd/system" / UNIT.name
    unit.parent.mkdir(parents=True)
    shutil.copy(UNIT, unit)
    return tmp_path


def test_systemd_has_nothing_to_say_against_the_unit(staged: Path) -> None:
    done = analyze("verify", "--man=no", f"--root={staged}", UNIT.name)

    assert lines(done) == []
    assert done.returncode == 0


def test_the_check_does_look_at_our_unit(staged: Path) -> None:
    (staged / "usr/bin/escalatord").unlink()

    done = analyze("verify", "--man=no", f"--root={staged}", UNIT.name)

    assert any("/usr/bin/escalatord is not executable" in line for line in lines(done))


def test_the_unit_exposes_little() -> None:
    done = analyze("security", "--offline=yes", f"--threshold={EXPOSURE_LIMIT}", UNIT)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_states_the_exposure_that_systemd_measures() -> None:
    told = re.search(r"systemd (\d+) measures an exposure of \*\*([\d.]+)\*\*", PAGE.read_text())
    assert told is not None
    version, exposure = told.groups()
    here = analyze("--version").stdout.split()[1]
    if here != version:
        pytest.skip(f"the page speaks of systemd {version}; {here} weighs otherwise")

    done = analyze("security", "--offline=yes", UNIT)

    assert f"Overall exposure level for {UNIT.name}: {exposure} OK" in done.stdout
