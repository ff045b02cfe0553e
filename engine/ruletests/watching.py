"""Waiting until something changes in the files that tests depend on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from engine.ruletests.rule_files import rules_folder

_SUFFIXES = (".yaml", ".yml", ".md")


def changes(places: Sequence[Path], wait: Callable[[], None]) -> Iterator[str]:
    """A hash of all contents: at once, and whenever it has changed. It never ends by itself.

    Contents are compared, not times: an editor that writes the same again changes nothing, and a
    copy with an old date does.

    Args:
        places: The folders and test files; what they depend on lies around them.
        wait: Waits between two looks.
    """
    last = ""
    while True:
        present = _hash_of(places)
        if present != last:
            last = present
            yield present
        wait()


def _hash_of(places: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(places)):
        digest.update(f"{path}\0".encode("utf-8", "surrogateescape"))
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError:  # it went away meanwhile, which is a change as well
            continue
    return digest.hexdigest()


def _files(places: Iterable[Path]) -> set[Path]:
    folders = {place if place.is_dir() else rules_folder(place) for place in places}
    folders |= {rules_folder(folder / "any") for folder in folders}
    return {
        path for folder in folders for path in folder.rglob("*") if path.name.endswith(_SUFFIXES)
    }
