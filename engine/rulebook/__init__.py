"""Rule files: YAML in, one validated generation out, or all that is wrong with it at once."""

from engine.rulebook.abilities import refuse_impossible
from engine.rulebook.fingerprint import content_id
from engine.rulebook.lints import lint
from engine.rulebook.loader import Loaded, load
from engine.rulebook.rendering import render_all, render_problem, render_summary
from engine.rulebook.report import sorted_by_place
from engine.rulebook.stamp import FolderStamp, folder_stamp
from engine.rulebook.written import WrittenTemplate

__all__ = [
    "FolderStamp",
    "Loaded",
    "WrittenTemplate",
    "content_id",
    "folder_stamp",
    "lint",
    "load",
    "refuse_impossible",
    "render_all",
    "render_problem",
    "render_summary",
    "sorted_by_place",
]
