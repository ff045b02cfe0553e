"""Kinds of helpdesk that other packages bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.helpdesks import kinds, open_helpdesk
from tests.helpdesks.worlds import options_of

MODULE = """\
from typing import Literal

from engine.helpdesks import Kind
from engine.helpdesks.options import HelpdeskOptions
from engine.testing import ScriptedHelpdesk


class Options(HelpdeskOptions):
    kind: Literal["ourdesk"]


def build(name, options):
    return ScriptedHelpdesk(name)


KIND = Kind(Options, "ourdesk:build")
"""


@pytest.fixture(autouse=True)
def _found_anew() -> Iterator[None]:
    kinds.cache_clear()
    yield
    kinds.cache_clear()


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A package beside us that registers a kind."""
    about = folder / "ourdesk-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ourdesk\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[escalatord.helpdesks]\nourdesk = {value}\n")
    (folder / "ourdesk.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))


def test_a_kind_of_another_package_is_used_like_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "ourdesk:KIND")
    desk = open_helpdesk("desk", options_of(tmp_path, "{kind: ourdesk}"))

    assert desk.name == "desk"
    assert desk.introduce().server == "a script"


@pytest.mark.parametrize(
    "value, said", [("ourdesk:NOTHING", "cannot be loaded"), ("ourdesk:MODULE", "cannot be loaded")]
)
def test_one_that_cannot_be_loaded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    install(tmp_path, monkeypatch, value)

    with pytest.raises(ConfigError, match=f"'ourdesk' of {value} {said}.*remove it"):
        kinds()


def test_one_that_is_no_kind_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "ourdesk:build")

    with pytest.raises(ConfigError, match=r"'ourdesk': ourdesk:build is no engine.helpdesks.Kind"):
        kinds()
