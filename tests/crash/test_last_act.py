"""What was being sent when the daemon died, with nothing else left to do that would wake it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.crash.killing import Killing
from tests.crash.load import SENDER, Load, Span, Terms, stamp

pytestmark = [pytest.mark.proof, pytest.mark.slow]

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LONG_AGO = datetime(2016, 3, 2, 16, tzinfo=UTC)


def one_ticket(begin: datetime, terms: Terms) -> Load:
    return Load.over(Span(begin, SECOND), 1, 0, terms, random.Random(1))


@pytest.fixture(params=["live", "replay"])
def killing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Killing]:
    if request.param == "live":
        terms = Terms(120 * MINUTE, 120 * MINUTE + 10 * SECOND, 3 * SECOND, 1)
        begin, replay = datetime.now(UTC) + 5 * SECOND, ""
    else:
        terms = Terms(120 * MINUTE, 160 * MINUTE, 20 * MINUTE, 1)
        begin, replay = LONG_AGO, f'replay: {{from: "{stamp(LONG_AGO - MINUTE)}", speed: 600}}'
    killing = Killing(tmp_path, one_ticket(begin, terms), seed=1)
    mail = f"host: 127.0.0.1, port: {killing.open_sink()}, from: escalatord@{SENDER}"
    killing.load.write(tmp_path, mail=f"{{kind: smtp, {mail}}}", replay=replay)
    yield killing
    killing.close()


def test_the_last_notice_arrives_though_the_daemon_died_over_it(killing: Killing) -> None:
    program, mails = killing.start(), 0
    sink = killing.running[0]
    while mails < killing.load.mails:
        sink.until(lambda line: line.get("place") == "DATA")
        mails += 1
    program.kill()
    killing.until_its_last_line()
    program = killing.start()
    killing.wait_for(killing.is_quiet, program)
    assert program.end() == 0
    ids = Counter(str(mail["Message-ID"]) for mail in killing.mails())
    assert len(ids) == killing.load.mails
