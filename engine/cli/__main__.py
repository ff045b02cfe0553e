"""``python -m engine.cli``: the same as the command ``escalatord``."""

from engine.cli import main

main()
