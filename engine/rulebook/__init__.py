"""Rule files: YAML in, one validated generation out, or all that is wrong with it at once."""

from engine.rulebook.fingerprint import content_id
from engine.rulebook.loader import Loaded, load
from engine.rulebook.rendering import render_all, render_problem, render_summary
from engine.rulebook.stamp import FolderStamp, folder_stamp

__all__ = [
    "FolderStamp",
    "Loaded",
    "content_id",
    "folder_stamp",
    "load",
    "render_all",
    "render_problem",
    "render_summary",
]
