"""The rules that a test is about, and the folder that they lean on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from engine.domain.ruleset import Ruleset
from engine.rulebook import Loaded, load

_TESTS = "tests"


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """Some rule files, read.

    Attributes:
        loaded: What reading them came to.
        ruleset: Their rules; None when there is any error.
    """

    loaded: Loaded
    ruleset: Ruleset | None


@dataclass(slots=True)
class RuleShelf:
    """Reads rule files, each combination once: many tests are about the same few."""

    _read: dict[tuple[Path, ...], RuleFiles] = field(default_factory=dict)

    def take(self, files: Iterable[Path], tests: Path) -> RuleFiles:
        """The rules of some files, with what the folders around them define.

        Args:
            files: The rule files.
            tests: The test file that names them.
        """
        paths = tuple(files)
        around = (rules_folder(tests), *(_folder_of(path) for path in paths))
        beside = tuple(dict.fromkeys(around))
        key = (*beside, *paths)
        if key not in self._read:
            loaded = load(paths, beside=beside)
            ruleset = Ruleset(loaded.generation) if loaded.generation else None
            self._read[key] = RuleFiles(loaded, ruleset)
        return self._read[key]


def rules_folder(tests: Path) -> Path:
    """The rules folder of a test file: the one above its `tests`, else the one that it lies in."""
    return _folder_of(tests)


def named_by(tests: Path, name: str) -> Path:
    """A path that a test file names, relative to it, without needless turns."""
    return Path(os.path.normpath(tests.parent / name))


def _folder_of(file: Path) -> Path:
    folder = file.parent
    return _above(folder) if folder.resolve().name == _TESTS else folder


def _above(folder: Path) -> Path:
    return folder.parent if folder.name == _TESTS else Path("..")
