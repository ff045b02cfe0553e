"""Letterboxes, shut afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.intake.letterbox import Letterbox

MakeBox = Callable[..., Letterbox]


@pytest.fixture
def make_box(tmp_path: Path) -> Iterator[MakeBox]:
    """Makes letterboxes as they are asked for."""
    made: list[Letterbox] = []

    def make(**about: object) -> Letterbox:
        made.append(Letterbox(tmp_path, **about))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def box(make_box: MakeBox) -> Letterbox:
    """A letterbox that takes tokens."""
    return make_box()
