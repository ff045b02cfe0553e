"""A clock that is wrong for one process: Debian's libfaketime."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

LIBRARIES: Final = Path("/usr/lib")


def wrong_clock(ahead: timedelta) -> Mapping[str, str]:
    """What to add to a process's environment for a clock that is so far ahead; nothing for none."""
    if not ahead:
        return {}
    found = sorted(LIBRARIES.glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "libfaketime is not installed: make test-system installs it"
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME": f"{ahead.total_seconds():+.0f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
