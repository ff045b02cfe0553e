"""A starter set for a desk of one's own: what `escalatord init` writes.

The rules are those of the project's `rules/`: a wheel carries them as `engine/starter`, a checkout
has them beside the package. A configuration with example tickets for each kind of helpdesk lies in
a folder beside this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import UsageError

_HERE: Final = Path(__file__).parent
_IN_A_WHEEL: Final = _HERE.parent / "starter"
_IN_A_CHECKOUT: Final = _HERE.parent.parent / "rules"
HELPDESKS: Final = ("file",)
"""The kinds of helpdesk that there is a configuration for."""
LANGUAGES: Final = ("en", "de", "fr", "es")
"""What the desk may speak; the rules come with templates for all of them."""
_CONFIG: Final = Path("config.yaml")
_IN_ENGLISH: Final = b"\nlanguage: en "
_RULE_FILES: Final = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it.

    Attributes:
        written: Paths of the files that were written, below the folder, in order.
        left: Those that were there already, and are as they were.
    """

    written: tuple[Path, ...]
    left: tuple[Path, ...]


def write_starter_set(folder: Path, helpdesk: str, language: str = LANGUAGES[0]) -> Written:
    """Write what is not there yet; no file that is there is touched.

    Args:
        folder: Made if need be.
        helpdesk: One of `HELPDESKS`.
        language: One of `LANGUAGES`.

    Raises:
        UsageError: The folder has rules of its own, or cannot be written.
    """
    files = starter_files(helpdesk, language)
    _refuse_foreign_rules(folder, files)
    written: list[Path] = []
    left: list[Path] = []
    for name, contents in files.items():
        is_new = _write(folder / name, contents)
        (written if is_new else left).append(name)
    return Written(tuple(written), tuple(left))


def starter_files(helpdesk: str, language: str = LANGUAGES[0]) -> Mapping[Path, bytes]:
    """Every file of the starter set by its path below the folder."""
    rules = _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else _IN_A_CHECKOUT
    files = {Path(".gitignore"): _HERE / "gitignore"}
    files |= {path.relative_to(_HERE / helpdesk): path for path in _files_in(_HERE / helpdesk)}
    files |= {Path("rules") / path.relative_to(rules): path for path in _files_in(rules)}
    contents = {name: path.read_bytes() for name, path in files.items()}
    config = contents[_CONFIG].replace(_IN_ENGLISH, b"\nlanguage: %b " % language.encode())
    return {**contents, _CONFIG: config}


def _files_in(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def _refuse_foreign_rules(folder: Path, files: Mapping[Path, bytes]) -> None:
    """Rules among rules of the same name would break both."""
    found = sorted((folder / "rules").rglob("*")) if (folder / "rules").is_dir() else []
    foreign = [
        path
        for path in found
        if path.suffix in _RULE_FILES and path.relative_to(folder) not in files
    ]
    if foreign:
        raise UsageError(
            f"{foreign[0]} is no file of the starter set: its rules would come among yours;"
            " name another folder, for example: escalatord init my-desk"
        )


def _write(path: Path, contents: bytes) -> bool:
    """Write a file that is not there; False where one is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            stream.write(contents)
    except FileExistsError:
        if path.is_file() or path.is_symlink():
            return False
        raise UsageError(f"cannot write {path}: something else is in its place") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    return True
