"""The pages on problems: one for each code that `check` can print, shipped with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.errors import UsageError

_PACKAGE: Final = Path(__file__).parents[1]
_PLACES: Final = (_PACKAGE / "problems", _PACKAGE.parent / "docs" / "problems")
"""Where the wheel puts them, and where a checkout has them."""


def page_of(code: str) -> str:
    """The page on a code, as Markdown.

    Raises:
        UsageError: There is no such code.
    """
    folder = next(place for place in _PLACES if place.is_dir())
    codes = sorted(page.stem for page in folder.glob("*.md") if page.stem != "README")
    if code not in codes:
        raise UsageError(f"there is no code '{code}'; the codes are {', '.join(codes)}")
    return (folder / f"{code}.md").read_text(encoding="utf-8")
