"""The published description is held against the intake, by a program that knows nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.web.intake.hooks import FORMS, Hook
from tests.intake.conftest import MakeBox
from tests.intake.letterbox import TOKEN

PROGRAM = Path(sys.executable).with_name("schemathesis")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"
MORE_CHECKS = "response_schema_conformance,negative_data_rejection"


@pytest.mark.proof
def test_nothing_that_is_sent_is_answered_with_a_fault_of_ours(make_box: MakeBox) -> None:
    box = make_box(hooks={"web": Hook("web", FORMS["zammad"], (TOKEN,))})
    asked = [
        *(
            str(PROGRAM),
            "run",
            f"{box.url}/v1/openapi.json",
            "-H",
            f"Authorization: Bearer {TOKEN}",
        ),
        *("--phases", "fuzzing", "--max-examples", "100", "--checks", f"{CHECKS},{MORE_CHECKS}"),
    ]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=500)

    assert done.returncode == 0, done.stdout[-3000:]
    assert box.client.get("/healthz").text == "ok\n"
