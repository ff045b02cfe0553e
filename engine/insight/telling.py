"""What the stages did, as log events: one line for each thing done. No texts, no addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.actions import Audience
from engine.domain.episode import CustomerMessage
from engine.domain.ticket import utc_second
from engine.errors import Problem
from engine.pipeline.announce import Announcement
from engine.pipeline.cycle import Work
from engine.pipeline.evaluate import Fired
from engine.pipeline.settling import Finished
from engine.pipeline.traffic import Turn
from engine.ports import (
    Intervention,
    Introduction,
    OutboxRow,
    OutboxState,
    OutboxVerb,
    SilenceTold,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.logs import Logger


def tell(log: Logger, work: Work, *, even_if_idle: bool = True) -> bool:
    """Write down what a stage did.

    Args:
        log: Where to.
        work: What was done.
        even_if_idle: Say also that an evaluation had nothing to do.

    Returns:
        Whether an evaluation was told of.
    """
    _tell_of_reading(log, work)
    for announcement in work.announced:
        _tell_of_silence(log, announcement)
    for intervention, row in work.intervened:
        _tell_of_intervention(log, intervention, row)
    for fired in work.evaluated.fired:
        _tell_of_firing(log, "escalation.fired" if fired.kind else "reminder.fired", fired)
    for fired in work.evaluated.shadowed:
        _tell_of_firing(log, "shadow.fired" if fired.kind else "shadow.reminder", fired)
    for end in work.evaluated.exhausted:
        log.warning(
            "ladder.exhausted",
            ticket=end.ticket,
            rule=end.rule,
            episode=end.episode,
            level=end.level,
            name=end.name,
        )
    for message in work.evaluated.messages:
        if message.skipped is not None:
            _tell_of_skipping(log, message)
    for failure in work.evaluated.failures:
        log.error("decision.failed", ticket=failure.subject, exc_info=failure.error)
    _tell_of_delivering(log, work)
    return _tell_of_evaluation(log, work, even_if_idle=even_if_idle)


def _tell_of_reading(log: Logger, work: Work) -> None:
    for name, introduction in work.introduced.items():
        if introduction.account:  # a file knows nobody
            _tell_of_introduction(log, name, introduction)
    for name, ingested in work.ingested.items():
        for row in ingested.rejected:
            log.warning(
                "ingest.rejected",
                helpdesk=name,
                file=row.file,
                line=row.line,
                code=row.code,
                message=row.message,
            )
        if ingested.tickets or ingested.events or ingested.rejected:
            log.info(
                "ingest.finished",
                helpdesk=name,
                tickets=ingested.tickets,
                events=ingested.events,
                rejected=len(ingested.rejected),
            )
    for name, error in work.unread.items():
        log.error("ingest.failed", helpdesk=name, message=str(error))


def _tell_of_introduction(log: Logger, name: str, told: Introduction) -> None:
    skew = told.clock_skew
    log.info(
        "helpdesk.introduced",
        helpdesk=name,
        account=told.account,
        server=told.server,
        zone=told.zone,
        clock_skew_seconds=None if skew is None else int(skew.total_seconds()),
    )
    for lack in told.missing:
        log.error(
            "helpdesk.right_missing",
            helpdesk=name,
            right=lack.right,
            need=lack.need.value,
            message=lack.remedy,
        )


def _tell_of_firing(log: Logger, event: str, fired: Fired) -> None:
    log.info(
        event,
        ticket=fired.ticket,
        rule=fired.rule,
        episode=fired.episode,
        level=fired.level,
        name=fired.name,
        occurrence=fired.occurrence,
        due_at=utc_second(fired.due_at),
        reason=fired.reason.value,
    )


def _tell_of_skipping(log: Logger, message: CustomerMessage) -> None:
    log.info(
        "customer.skipped",
        ticket=message.ticket,
        rule=message.episode.rule,
        message=message.message.value,
        occurrence=message.occurrence,
        due_at=utc_second(message.due_at),
        reason=message.skipped,
    )


def _tell_of_silence(log: Logger, told: Announcement) -> None:
    silence, matchers = told.silence, told.silence.matchers
    say = log.warning if told.turn is SilenceTold.ENDING else log.info
    say(
        f"silence.{told.turn.value}",
        id=silence.id,
        rules=list(matchers.rules),
        tickets=list(matchers.tickets),
        customers=list(matchers.customers),
        groups=list(matchers.groups),
        begins_at=utc_second(silence.begins_at),
        until=utc_second(silence.ends_at),
        author=silence.author,
        reason=silence.reason,
    )


_DEED = {
    OutboxVerb.RETRY: "outbox.retried",
    OutboxVerb.DROP: "outbox.dropped",
    OutboxVerb.RELEASE: "outbox.released",
}


def _tell_of_intervention(log: Logger, told: Intervention, row: OutboxRow) -> None:
    log.info(
        _DEED[told.verb],
        id=row.id,
        ticket=row.action.subject,
        rule=row.action.episode.rule,
        action=row.action.kind.value,
        before=told.before.value,
        by=told.who,
        reason=told.why,
    )


def _tell_of_delivering(log: Logger, work: Work) -> None:
    for finished in work.rescued:
        _tell_of_rescue(log, finished)
    for finished in work.delivered.finished:
        _tell_of_delivery(log, finished)
    for turn in work.delivered.turns:
        _tell_of_circuit(log, turn)
    for wait, rows in work.delivered.waiting.items():
        log.info("outbox.waited", rows=rows, until=utc_second(wait.until), reason=wait.reason)


def _tell_of_circuit(log: Logger, turn: Turn) -> None:
    about = {turn.way.kind: turn.way.name}
    if turn.circuit.is_open:
        log.warning("circuit.opened", **about, reason=turn.circuit.reason)
    else:
        log.info("circuit.closed", **about)


def _tell_of_rescue(log: Logger, finished: Finished) -> None:
    action = finished.row.action
    log.warning(
        "outbox.rescued",
        id=finished.row.id,
        ticket=action.subject,
        rule=action.episode.rule,
        action=action.kind.value,
        state=finished.state.value,
        held=finished.state is OutboxState.UNKNOWN,
    )
    _tell_of_loss(log, finished)


def _tell_of_loss(log: Logger, finished: Finished) -> None:
    if finished.is_lost:
        log.error(
            "notice.lost",
            id=finished.row.id,
            ticket=finished.row.action.subject,
            rule=finished.row.action.episode.rule,
            reason=finished.reason,
            message="nobody can be told that this did not arrive; see `escalatord outbox list`",
        )


def _tell_of_delivery(log: Logger, finished: Finished) -> None:
    action = finished.row.action
    if finished.state is not OutboxState.DELIVERED:
        say = log.warning if finished.state in _TROUBLE else log.info
        say(
            f"outbox.{finished.state.value}",
            id=finished.row.id,
            ticket=action.subject,
            rule=action.episode.rule,
            action=action.kind.value,
            reason=finished.reason,
        )
        _tell_of_loss(log, finished)
        return
    log.info(
        "outbox.delivered",
        id=finished.row.id,
        ticket=action.subject,
        rule=action.episode.rule,
        action=action.kind.value,
        channel=action.channel,
    )
    if action.audience is Audience.CUSTOMER:
        log.info(
            "customer.updated",
            ticket=action.ticket,
            rule=action.episode.rule,
            message=action.details.get("message"),
            occurrence=action.occurrence,
        )


_TROUBLE = frozenset({OutboxState.REJECTED, OutboxState.UNKNOWN, OutboxState.DROPPED})


def _tell_of_evaluation(log: Logger, work: Work, *, even_if_idle: bool) -> bool:
    evaluated = work.evaluated
    if work.stage != "evaluate" or not (evaluated.subjects or even_if_idle):
        return False
    log.info(
        "evaluate.finished",
        subjects=evaluated.subjects,
        matched=evaluated.matched,
        fired=len(evaluated.fired),
        deferred=evaluated.deferred,
        suppressed=evaluated.suppressed,
    )
    return True


def tell_of_problems(log: Logger, problems: Iterable[Problem]) -> None:
    """Say, loudly and with every place, that the rule files cannot be used."""
    errors = [problem for problem in problems if problem.severity == "error"]
    for problem in errors:
        log.error(
            "rules.error",
            file=problem.file,
            line=problem.line,
            column=problem.column,
            code=problem.code,
            message=problem.message,
            help=problem.help or None,
        )
    log.error(
        "rules.rejected",
        errors=len(errors),
        message="the rules that were in force stay in force; mend the files and reload",
    )
