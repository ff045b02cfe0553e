"""`budget`: how many escalations a rule may fire, as `50/h`."""

from __future__ import annotations

import re
from datetime import timedelta

from engine.domain.calendar import ALWAYS
from engine.domain.duration import Duration, DurationError
from engine.domain.rule import Budget
from engine.rulebook.nodes import Node
from engine.rulebook.report import Report
from engine.rulebook.values import clipped, read_scalar

UNLIMITED = Budget(count=2**31 - 1, per=timedelta(hours=1))
"""More than any daemon fires in an hour, and what every database column holds."""

FORM = re.compile(r"([0-9]{1,9})\s*/\s*([0-9a-z]+)")


def read_budget(node: Node, report: Report) -> Budget | None:
    """`N/h`, `N/d`, `N/30m` by the clock on the wall, or `unlimited`."""
    scalar = read_scalar(node, report, "'budget'", "a budget such as 50/h")
    if scalar is None:
        return None
    text = scalar.text.strip()
    if text == "unlimited":
        return UNLIMITED
    found = FORM.fullmatch(text)
    per = None if found is None else _period(found[2])
    if found is None or not per:
        message = f"'{clipped(text)}' is not a budget"
        report.error(scalar.span, "budget", message, "write 50/h, 200/d, 10/30m or unlimited")
        return None
    if int(found[1]) == 0:
        message = "a budget of nothing holds everything back"
        report.error(scalar.span, "budget", message, "write 'mode: off' or 'mode: shadow' instead")
        return None
    return Budget(int(found[1]), per)


def _period(text: str) -> timedelta | None:
    """The length of `h`, `d` or `30m`."""
    try:
        return ALWAYS.duration(Duration.parse(text if text[0].isdigit() else f"1{text}"))
    except DurationError:
        return None
