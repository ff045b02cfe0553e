"""Rule files: YAML in, one validated generation out, or all that is wrong with it at once."""

from engine.rulebook.loader import Loaded, load
from engine.rulebook.rendering import render_problem, render_summary

__all__ = ["Loaded", "load", "render_problem", "render_summary"]
