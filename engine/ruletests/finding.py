"""Which files hold rule tests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_SUFFIXES = (".test.yaml", ".test.yml")


def find_test_files(paths: Iterable[Path]) -> list[Path]:
    """All test files in and below folders, and the files that are named themselves, by path."""
    found: dict[Path, None] = {}
    for path in paths:
        files = sorted(_below(path)) if path.is_dir() else [path]
        found.update(dict.fromkeys(files))
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)
