"""Twenty thousand documents: no exception, no hang, bounded memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED, MUTATIONS, STRUCTURED = 20260302, 14_000, 6_000


@pytest.mark.proof
def test_whatever_stands_in_a_file_check_says_what_is_wrong_with_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.rules.fuzzing", *map(str, (SEED, MUTATIONS, STRUCTURED))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    print(json.dumps({key: told[key] for key in ("counts", "outcomes", "peak_bytes")}))  # noqa: T201

    assert told["broken"] == []
    assert sum(told["counts"].values()) >= 20_000
    assert min(told["outcomes"][each] for each in ("errors", "warnings", "sound")) >= 100
