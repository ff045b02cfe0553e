"""The manual is true: what a page tells its reader to do works, line by line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.docs.follower import Follower

ROOT = Path(__file__).parents[2]


def environment(folder: Path, **more: str) -> Mapping[str, str]:
    """That of a person at a terminal whose `escalatord` is this checkout's."""
    program = folder / "bin" / "escalatord"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m engine.cli "$@"\n')
    program.chmod(0o755)
    return {
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
        **more,
    }


def follow(page: str, folder: Path, *, with_set_up: bool = False) -> None:
    """Follow a page of `docs/` in a folder that is made for it."""
    working = folder / "here"
    working.mkdir(exist_ok=True)
    follower = Follower(ROOT / "docs" / page, working, environment(folder), with_set_up)
    follower.follow()
    assert follower.followed


@pytest.mark.slow
def test_the_tutorial_works_line_by_line(tmp_path: Path) -> None:
    follow("tutorial.md", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", ["helpdesk-file.md", "helpdesk-sql.md", "rule-language.md", "templates.md"]
)
def test_a_page_works_line_by_line(page: str, tmp_path: Path) -> None:
    follow(page, tmp_path)


@pytest.mark.slow
def test_the_page_of_the_intake_works_line_by_line(tmp_path: Path) -> None:
    missing = [name for name in ("curl", "openssl") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"the page sends with {' and '.join(missing)}, which is not installed")
    follow("intake.md", tmp_path)


@pytest.mark.proof
def test_the_readme_works_line_by_line(tmp_path: Path) -> None:
    for name in ("config.example.yaml", "examples", "rules"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, tmp_path / name)
    known = environment(tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(tmp_path / "bin")
    # What `make run` would have done by the time that somebody opens a second terminal.
    once = [".venv/bin/escalatord", "once", "--config", "config.example.yaml"]
    subprocess.run(once, cwd=tmp_path, env=known, check=True, capture_output=True)
    installing = frozenset({"make run", "make test"})

    follower = Follower(ROOT / "README.md", tmp_path, known, left_out=installing)
    follower.follow()

    assert [each.text.split()[3] for each in follower.followed] == ["status", "explain", "outbox"]


@pytest.mark.proof
def test_the_tutorial_works_in_a_fresh_clone(tmp_path: Path) -> None:
    """With its set-up, which installs everything anew."""
    clone = tmp_path / "here"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    bare = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "TERM": "xterm"}
    follower = Follower(clone / "docs" / "tutorial.md", clone, bare, with_set_up=True)

    follower.follow()

    assert follower.followed[0].text == "make .venv"
