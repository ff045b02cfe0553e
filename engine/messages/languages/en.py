"""English: what the other languages are held against."""

from __future__ import annotations

from typing import Final

from engine.domain.reason import Reason
from engine.messages.languages.language import (
    Dates,
    Language,
    Lengths,
    NoteWords,
    StandInWords,
    listed,
)

ENGLISH: Final = Language(
    code="en",
    dates=Dates(
        weekdays=listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        short_weekdays=listed("Mon Tue Wed Thu Fri Sat Sun"),
        months=listed(
            "January February March April May June July August September October November December"
        ),
        short_months=listed("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
        in_full="{weekday} {day} {month} {year}, {time}",
        in_short="{weekday} {day} {month} {year}, {time}",
    ),
    lengths=Lengths(
        day=("day", "days"),
        hour=("hour", "hours"),
        minute=("minute", "minutes"),
        moment="less than a minute",
    ),
    named={
        "low": "low",
        "medium": "medium",
        "high": "high",
        "urgent": "urgent",
        "new": "new",
        "open": "open",
        "pending_customer": "waiting for the customer",
        "pending_internal": "waiting for others",
        "resolved": "resolved",
        "closed": "closed",
        "technical": "technical",
        "hierarchical": "hierarchical",
        "status": "status",
        "priority": "priority",
        "type": "type",
        "group": "group",
        "assignee": "assignee",
        "tags": "tags",
    },
    why={
        Reason.LEVEL_DUE: "it came due",
        Reason.BACKLOG: (
            "it was overdue before the rule's present text was loaded; it counts as passed"
        ),
        Reason.TOO_LATE: "it came due too long ago to act now; the ticket was left alone",
        Reason.BUDGET: (
            "the rule had reached its budget; this notice stands for the escalation, and field "
            "changes wait until there is room"
        ),
        Reason.PASSED_ON_RELOAD: "it was passed when the rules were reloaded",
        "last_update": "the customer has had as many updates as the rule allows",
        "low-score": "the customer gave a low score in the survey",
        "maybe-sent": "a message to the customer may or may not have arrived, and is not repeated",
        "not-delivered": "a message to the customer was refused for good",
        "undeliverable": "it was refused for good, or tried too often",
        "customer-unreachable": "the customer does not hear from us",
        "crowded": "you had already had as many messages as the desk's limit allows in that time",
    },
    note=NoteWords(
        escalated="Escalated by rule {rule}",
        reminder="Reminder by rule {rule}",
        was_due="Level {level} was due {due_at}",
        fell_due="Level {level} was due",
        stands_for=" and stands also for {levels}",
        done="Done: {deeds}.",
        waits="Waits until the rule's budget has room, not before {at}: {deeds}.",
        set_to="{field} set to {after}",
        cleared="{field} cleared",
        before=" (was {before})",
        told="{names} told",
    ),
    stand_in=StandInWords(
        subject="Escalation: {number} {title}",
        why="Rule {rule} ({description}), level {level}; {why}.",
        due="Due {due_at}.",
        tickets="All tickets concerned: {numbers}.",
        take="To take it: {url}",
        ending="This plain text stands in for a template that could not be used.",
    ),
)
