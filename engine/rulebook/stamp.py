"""Whether the rule files may have changed, told without reading them."""

from __future__ import annotations

from pathlib import Path

from engine.rulebook.files import FoundFile, find_rule_files, find_templates
from engine.rulebook.report import Report
from engine.rulebook.templates import AUDIENCES

FolderStamp = tuple[tuple[str, tuple[int, ...]], ...]
"""Each file's path with its inode, size, and instants of change; empty ones where it has gone."""


def folder_stamp(folder: Path) -> FolderStamp:
    """What the file system says of every rule file and template; two that are equal hide no change.

    The instant of the last change of the inode is among it, which no editor can set back.
    """
    found = (*find_rule_files([folder], Report()), *find_templates([folder], AUDIENCES))
    return tuple((file.shown, _stamp(file)) for file in found)


def _stamp(file: FoundFile) -> tuple[int, ...]:
    try:
        told = file.path.stat()
    except OSError:  # it went between finding and asking; or a link leads nowhere
        return ()
    return told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns
