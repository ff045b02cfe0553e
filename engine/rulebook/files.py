"""Which files belong to the rules, and what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.rulebook.nodes import Span
from engine.rulebook.report import Report
from engine.rulebook.yaml_faults import LINE_BREAK
from engine.rulebook.yaml_file import MAX_BYTES

_RULE_SUFFIXES = (".yaml", ".yml")
_TEST_SUFFIXES = (".test.yaml", ".test.yml")
_NOT_RULES = ("tests", "templates")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that belongs to the rules.

    Attributes:
        shown: Its path as the person would name it.
        relative: Its path within the folder that was given, with `/` on every system.
    """

    path: Path
    shown: str
    relative: str


def find_rule_files(paths: Sequence[Path], report: Report) -> list[FoundFile]:
    """All rule files in and below the folders, and the files that are named themselves."""
    found: list[FoundFile] = []
    for number, path in enumerate(paths):
        if _is_folder(path):
            prefix = _prefix(number, paths)
            found += (_found(file, path, prefix) for file in _below(path, report))
        elif _exists(path):
            found.append(FoundFile(path, str(path), f"{_prefix(number, paths)}{path.name}"))
        else:
            message = "there is no such file or folder"
            report.error(Span.start_of(str(path)), "not-found", message)
    return _distinct(found)


def except_for(files: Iterable[FoundFile], others: Iterable[FoundFile]) -> list[FoundFile]:
    """The others that are none of `files`, whatever way leads to them."""
    known = {_resolved(file.path) for file in files}
    return [file for file in others if _resolved(file.path) not in known]


def find_templates(paths: Sequence[Path], audiences: Iterable[str]) -> list[FoundFile]:
    """All templates of the folders, and of the folders in which single files lie."""
    found: list[FoundFile] = []
    known = tuple(audiences)
    for number, path in enumerate(paths):
        folder = path if _is_folder(path) else path.parent
        for audience in known:
            texts = sorted((folder / "templates" / audience).glob("[!.]*.md"))
            found += (_found(text, folder, _prefix(number, paths)) for text in texts)
    return _distinct(found)


def find_tests(folders: Iterable[Path]) -> list[FoundFile]:
    """All rule tests in and below the folders, whether in a folder `tests` or beside the rules."""
    return _distinct(
        _found(path, folder, "")
        for folder in folders
        for suffix in _TEST_SUFFIXES
        for path in folder.rglob(f"[!.]*{suffix}")
    )


def read_bytes(file: FoundFile, report: Report) -> bytes | None:
    """What is in a file; None, reported, when that cannot be read."""
    place = Span.start_of(file.shown)
    try:
        if not file.path.is_file():
            # A pipe would wait for ever, and a dangling link leads nowhere.
            report.error(place, "unreadable", "this is no regular file")
            return None
        with file.path.open("rb") as stream:
            contents = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        report.error(place, "unreadable", f"cannot be read: {reason}")
        return None
    if len(contents) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES:,} bytes"
        report.error(place, "too-large", message, "split it")
        return None
    return contents


def decode(file: FoundFile, contents: bytes, report: Report) -> str | None:
    """The text of a file; None, reported, when it is not UTF-8."""
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = LINE_BREAK.split(contents[: error.start].decode())
        message = f"the byte 0x{contents[error.start]:02x} is not UTF-8"
        column = len(before[-1]) + 1
        place = Span(file.shown, len(before), column, column + 1)
        report.error(place, "encoding", message, "save the file as UTF-8")
        return None


def _below(folder: Path, report: Report) -> Iterator[Path]:
    def complain(error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        report.error(Span.start_of(str(error.filename)), "unreadable", f"cannot be read: {reason}")

    for parent, folders, files in os.walk(folder, onerror=complain):
        # Names that begin with a dot are editors' locks, version control and the hidden twins
        # of mounted configuration.
        folders[:] = [one for one in folders if one not in _NOT_RULES and not one.startswith(".")]
        yield from (Path(parent, name) for name in files if _holds_rules(name))


def _holds_rules(name: str) -> bool:
    if name.startswith(".") or name.endswith(_TEST_SUFFIXES):
        return False
    return name.endswith(_RULE_SUFFIXES)


def _found(file: Path, folder: Path, prefix: str) -> FoundFile:
    return FoundFile(file, str(file), f"{prefix}{file.relative_to(folder).as_posix()}")


def _prefix(number: int, paths: Sequence[Path]) -> str:
    """What keeps files of the same name in several folders apart."""
    return f"{number}/" if len(paths) > 1 else ""


def _distinct(found: Iterable[FoundFile]) -> list[FoundFile]:
    """Each file once, however many ways lead to it, by path."""
    distinct: dict[Path, FoundFile] = {}
    for file in found:
        distinct.setdefault(_resolved(file.path), file)
    return sorted(distinct.values(), key=lambda file: file.shown)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that the system cannot even look up
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # links in a circle
        return path.absolute()
