"""The documents that programs outside rely on, as types: one for each ``--json``.

What stands here is a promise: keys are added, never renamed or taken away. Instants are RFC 3339 in
UTC with `Z`; durations whole seconds; levels, occurrences, lines and columns count from 1.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypedDict

from engine.domain.actions import ActionKind, Audience
from engine.domain.episode import MessageKind
from engine.domain.ladder import LevelState
from engine.domain.reason import Reason, Verdict
from engine.domain.rule import Kind, Mode, Since
from engine.insight.contracts.json_schema import keywords, one_of
from engine.ports import OutboxState, OutboxVerb
from engine.simulation.plan import Fate

INSTANT_PATTERN: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"

Instant = Annotated[str, keywords(format="date-time", pattern=INSTANT_PATTERN)]
Count = Annotated[int, keywords(minimum=0)]
Ordinal = Annotated[int, keywords(minimum=1)]
Seconds = int

ReasonWord = Annotated[str, one_of(Reason)]
VerdictWord = Annotated[str, one_of(Verdict)]
KindWord = Annotated[str, one_of(Kind)]
ModeWord = Annotated[str, one_of(Mode)]
LevelWord = Annotated[str, one_of(LevelState)]
StateWord = Annotated[str, one_of(OutboxState)]
AudienceWord = Annotated[str, one_of(Audience)]
ActionWord = Annotated[str, one_of(ActionKind)]
OpWord = Annotated[str, one_of(("all", "any", "not", "test"))]
SinceWord = Annotated[str, one_of((*Since, "contact"))]
MessageWord = Annotated[str, one_of(MessageKind)]

WEBHOOK_TYPES: Final = ("escalation.fired", "reminder.fired", "digest.sent", "notice.sent")

Subject = Annotated[
    str, "What the rule is held against: HELPDESK:ID, customer:ID, organization:ID or everyone"
]
RuleId = Annotated[str, "Id of the rule"]
SilenceId = Annotated[str, "A number, or the name of a recurring silence of the rule files"]
EpisodeKey = Annotated[str, "Id of the event that anchors the episode"]
GenerationId = Annotated[str, "The rules that decided; empty before the first"]


# --- once ----------------------------------------------------------------------------------------


class Rejected(TypedDict):
    """Something that a helpdesk said and that could not be understood; the rest was taken."""

    file: Annotated[str, "The file or resource, as configured"]
    line: Annotated[int, keywords(minimum=0), "From 1; 0 when the whole file is meant"]
    code: Annotated[str, "Stable name of the fault"]
    message: Annotated[str, "What is wrong"]


class Unread(TypedDict):
    """A helpdesk that could not be read; the others were."""

    helpdesk: Annotated[str, "Its name"]
    message: Annotated[str, "Why not, and what to do"]


class Ingested(TypedDict):
    """What was read from the helpdesks."""

    tickets: Annotated[Count, "Tickets of which something new was told"]
    events: Annotated[Count, "Events that were new"]
    rejected: list[Rejected]
    unread: list[Unread]


class Fired(TypedDict):
    """A level that fired, or a repetition of its notice."""

    ticket: Subject
    rule: RuleId
    episode: EpisodeKey
    level: Annotated[Ordinal, "Number of the level in its rule"]
    name: Annotated[str, "The level's name, else its `after` as written"]
    occurrence: Annotated[Ordinal, "1 for the level itself, then its repetitions"]
    kind: Annotated[KindWord | None, "Null for a reminder"]
    due_at: Annotated[Instant, "When the clock said so"]
    fired_at: Annotated[Instant, "When it was done"]
    reason: ReasonWord


class CustomerMessage(TypedDict):
    """A message to the customer: sent, or due and waiting."""

    ticket: Annotated[str, "The ticket on which it is written, HELPDESK:ID"]
    rule: RuleId
    episode: EpisodeKey
    message: MessageWord
    occurrence: Annotated[Ordinal, "Counts the updates of an episode"]
    template: Annotated[str, "Name of the template"]
    due_at: Instant
    deliver_at: Annotated[Instant, "When it goes out, opening hours and limits heeded"]
    state: Annotated[StateWord, "Where it stands in the outbox; pending while it waits"]


class Skipped(TypedDict):
    """A level that was due and did not fire."""

    ticket: Subject
    rule: RuleId
    level: Ordinal
    due_at: Instant
    reason: Annotated[ReasonWord, "Why not"]


class OnceDocument(TypedDict):
    """What one run did.

    `fired`, `customer` and `skipped` are sorted by due_at, ticket, rule, level and occurrence.
    """

    format: Literal["escalatord.once/1"]
    now: Annotated[Instant, "The instant up to which it ran"]
    generation: GenerationId
    degraded: Annotated[bool, "The rule files are broken, and the last good rules ran"]
    ingested: Ingested
    fired: list[Fired]
    customer: list[CustomerMessage]
    skipped: list[Skipped]
    next_check_at: Annotated[
        Instant | None, "When something may be due next; null when only a change could matter"
    ]


# --- explain -------------------------------------------------------------------------------------


class Condition(TypedDict):
    """One node of a rule's `match`, with what was found."""

    op: OpWord
    field: Annotated[str | None, "What a test reads"]
    operator: Annotated[str | None, "How it compares"]
    wanted: Annotated[object, "What the rule asks for; durations in seconds, instants as text"]
    found: Annotated[object, "What the rule sees; null when there is nothing"]
    actual: Annotated[
        object, "The same with what the rule itself wrote, which is hidden from it in `found`"
    ]
    holds: bool
    children: list[Condition]


Pause = TypedDict(
    "Pause",
    {
        "from": Annotated[Instant, "Not earlier than the anchor"],
        "to": Annotated[Instant | None, "Null while it lasts"],
    },
)
Pause.__doc__ = "A spell in which the clock stood still."


class ClockState(TypedDict):
    """The rule's clock on this ticket."""

    since: Annotated[
        SinceWord, "Which event anchors it; contact where contacts are counted over a group"
    ]
    anchor_at: Annotated[Instant | None, "From when it runs; null without an anchor"]
    calendar: Annotated[str, "In which it counts"]
    elapsed_seconds: Annotated[
        Seconds | None, "Counted so far, without pauses; negative before a due date"
    ]
    paused_seconds: Annotated[Seconds, "Opening time in which it stood still"]
    target_seconds: Annotated[Seconds | None, "What it counts towards; null without a target"]
    pauses: Annotated[list[Pause], "The spells since the anchor in which it stood still"]


class LevelInfo(TypedDict):
    """One level of the rule's ladder in this episode."""

    level: Ordinal
    name: str
    due_at: Annotated[Instant | None, "Null while the clock stands still before it"]
    state: LevelWord
    fired_at: Instant | None
    reason: Annotated[ReasonWord | None, "Why it fired or was skipped; null if neither"]
    left_seconds: Annotated[
        Seconds | None, "Still to be counted until it is due; null unless it waits on a clock"
    ]


class HeldBy(TypedDict):
    """Something that holds the levels back."""

    what: Annotated[str, "status, rule, silence, person or cooldown"]
    name: Annotated[
        str | None, "The status, the id of the rule or silence, or the person, where known"
    ]
    how: Annotated[str | None, "How a person took it: link, by name, reply or assignment"]
    since: Annotated[Instant | None, "From when on"]
    until: Annotated[Instant | None, "When it lets go by itself; null when only an event can"]


class OwnedBy(TypedDict):
    """A person who has taken an escalation."""

    name: Annotated[str | None, "Of the person, where known"]
    how: Annotated[str, "link, by name, reply or assignment"]
    receiver: Annotated[str | None, "Whose link was used"]
    since: Instant
    until: Annotated[Instant | None, "When it is nobody's again"]


class LeftAlone(TypedDict):
    """A field that the episode did not set."""

    ticket: Annotated[str, "HELPDESK:ID"]
    field: str
    reason: ReasonWord


class WithheldFrom(TypedDict):
    """That nothing goes out to the customer, whatever is due: reason `customer_limit`."""

    cause: Annotated[str, "no_updates, automatic, bounced or answers_itself"]
    since: Annotated[Instant | None, "When that began, where an event began it"]
    ticket: Annotated[str | None, "On which ticket that event was: HELPDESK:ID"]
    told: Annotated[str, "What the other side said; empty where it said nothing"]


class NotDone(TypedDict):
    """What the rule decided and what was then not done."""

    outbox: Annotated[Ordinal, "Its row in the outbox"]
    audience: Annotated[str, "ticket, staff or customer"]
    action: str
    message: Annotated[str | None, "Of a message to the customer: which"]
    state: str
    reason: Annotated[str, "A member of the closed list, or what the other side said"]
    decided_at: Instant


class SilenceInForce(TypedDict):
    """A silence that holds a rule back."""

    id: SilenceId
    author: Annotated[str, "Who asked for it"]
    reason: Annotated[str, "Why"]
    until: Annotated[Instant, "When it ends, unless somebody ends it before"]


class RuleExplanation(TypedDict):
    """How one rule stands to the ticket, or to a group that it belongs to."""

    rule: RuleId
    subject: Subject
    verdict: VerdictWord
    reason: ReasonWord
    file: Annotated[str, "Where the rule stands"]
    line: Ordinal
    conditions: Annotated[Condition | None, "The match; null if there is no ticket to hold it to"]
    clock: ClockState
    levels: list[LevelInfo]
    silence: Annotated[SilenceInForce | None, "The silence that is in force over it"]
    next_at: Annotated[
        Instant | None,
        "The earliest instant at which, if nothing happens, it could stand otherwise",
    ]
    decision: Annotated[str | None, "Id of the last decision written by then (v_decisions)"]
    decided_at: Annotated[Instant | None, "When that decision was written; it holds until the next"]
    generation: Annotated[
        GenerationId, "The rules that made it; without a decision, those in force"
    ]
    recorded: Annotated[
        bool, "Verdict and reason are told from that decision; false: they are computed now"
    ]
    held_by: Annotated[list[HeldBy], "What holds it back, where something outside the rule does"]
    escalated_at: Annotated[Instant | None, "Since when it is an escalation; null while it is none"]
    owner: Annotated[OwnedBy | None, "Who has taken the escalation; null while nobody has it"]
    left_alone: list[LeftAlone]
    withheld: Annotated[WithheldFrom | None, "Why the customer is not written to by it at all"]
    not_done: Annotated[list[NotDone], "What it decided on the ticket and was not done"]


class ExplainDocument(TypedDict):
    """Why each rule did, or did not, act; in the order of the rules."""

    format: Literal["escalatord.explain/1"]
    ticket: Annotated[str, "As it was asked for"]
    at: Annotated[Instant, "As it stood at this instant"]
    generation: Annotated[GenerationId, "The rules in force at that instant"]
    rules: list[RuleExplanation]


# --- check ---------------------------------------------------------------------------------------


class CheckProblem(TypedDict):
    """One fault in a rule file or template, with its place."""

    file: Annotated[str, "As the person named it"]
    line: Ordinal
    column: Ordinal
    end_column: Annotated[Ordinal, "The column after the last one"]
    severity: Literal["error", "warning"]
    code: Annotated[str, "Stable name of the fault"]
    message: Annotated[str, "What is wrong"]
    help: Annotated[str, "What to do about it; empty when the message says it all"]
    rule: Annotated[str | None, "Id of the rule concerned, if any"]


class CheckDocument(TypedDict):
    """What is wrong with the rule files: every file, every fault, sorted by place."""

    format: Literal["escalatord.check/1"]
    ok: Annotated[bool, "There is no error; there may be warnings"]
    files: Annotated[list[str], "The rule files that were read"]
    problems: list[CheckProblem]


# --- outbox and status ---------------------------------------------------------------------------


class OutboxLine(TypedDict):
    """One action on its way out: a row of the view `v_outbox`."""

    id: Ordinal
    idempotency_key: str
    ticket: Annotated[str, "HELPDESK:ID"]
    rule: RuleId
    audience: AudienceWord
    action: ActionWord
    receiver_hash: Annotated[str | None, "Tells receivers apart without naming them"]
    state: StateWord
    reason: Annotated[str | None, "Why it is held, waits, was stopped or failed"]
    attempts: Annotated[Count, "Attempts that were begun"]
    created_at: Instant
    finished_at: Instant | None


class OutboxDocument(TypedDict):
    """What is, or was, on its way out; oldest first."""

    format: Literal["escalatord.outbox/1"]
    rows: list[OutboxLine]


class FieldSet(TypedDict):
    """A field that an action sets."""

    field: str
    before: Annotated[str | None, "As it stood when that was decided"]
    after: str | None


class AttemptLine(TypedDict):
    """One attempt at an action."""

    number: Ordinal
    started_at: Instant
    finished_at: Annotated[Instant | None, "Null while it lasts, or where its process died"]
    outcome: Annotated[StateWord | None, "The state that it led to; null while it lasts"]
    reason: str | None


class InterventionLine(TypedDict):
    """What a person decided about an action."""

    verb: Annotated[str, one_of(OutboxVerb)]
    before: Annotated[StateWord, "The state until then"]
    who: str
    why: str | None
    at: Instant


class DecisionLine(TypedDict):
    """The decision that an action came from: a row of the view `v_decisions`."""

    decision: Ordinal
    at: Instant
    verdict: VerdictWord
    reason: ReasonWord
    generation: GenerationId


class VerbLine(TypedDict):
    """What a verb would do to an action as it stands."""

    verb: Annotated[str, one_of(OutboxVerb)]
    possible: bool
    effect: Annotated[str, "What it would do; or why it can do nothing"]


class OutboxShowDocument(TypedDict):
    """One action on its way out, and all that became of it."""

    format: Literal["escalatord.outbox-show/1"]
    now: Instant
    row: OutboxLine
    subject: Subject
    episode: EpisodeKey
    level: Annotated[Ordinal | None, "Null where no level asked for it"]
    occurrence: Ordinal | None
    receiver: Annotated[str | None, "The receiver's name in the rule files"]
    channel: str | None
    next_attempt_at: Annotated[Instant | None, "The earliest; null where none is to come"]
    why: Annotated[str, "Why it is in this state, in words"]
    decision: Annotated[DecisionLine | None, "Null where it is no more kept"]
    attempts: list[AttemptLine]
    interventions: list[InterventionLine]
    verbs: list[VerbLine]
    changes: Annotated[list[FieldSet], "What it sets; empty for what only tells"]
    title: Annotated[str | None, "The subject line as it would be now; null without --text"]
    text: Annotated[str | None, "The text as it would be now; null without --text"]


class ChangedRow(TypedDict):
    """A row that a person decided about."""

    id: Ordinal
    ticket: Annotated[str, "HELPDESK:ID"]
    rule: RuleId
    before: Annotated[StateWord, "Its state until then"]
    state: Annotated[StateWord, "Its state now; where it was refused, as before"]
    why: Annotated[str | None, "Why it was refused"]


class OutboxChangeDocument(TypedDict):
    """What `outbox retry`, `drop` or `release` did. Where one row is refused, none is changed."""

    format: Literal["escalatord.outbox-change/1"]
    now: Instant
    verb: Annotated[str, one_of(OutboxVerb)]
    who: str
    changed: list[ChangedRow]
    refused: list[ChangedRow]


class HelpdeskHealth(TypedDict):
    """When a helpdesk was last read."""

    name: str
    last_read_seconds: Annotated[Count | None, "Real seconds ago; null before the first time"]


class FailingWay(TypedDict):
    """A way out that does not answer; what goes by it waits."""

    kind: Literal["channel", "helpdesk"]
    name: str
    since: Instant | None
    reason: Annotated[str, "What was wrong when it was given up"]


class HealthDocument(TypedDict):
    """What `/readyz` serves, and what the daemon tells `status`."""

    format: Literal["escalatord.health/1"]
    ready: Annotated[bool, "It ticks, and every helpdesk can be read"]
    problems: Annotated[list[str], "What keeps it from being ready"]
    degraded: Annotated[bool, "The rule files are broken, and the last good rules run"]
    generation: GenerationId
    pid: Annotated[int, "Its process"]
    uptime_seconds: Count
    last_tick_seconds: Annotated[
        Count | None, "The last good evaluation, real seconds ago; null before the first"
    ]
    helpdesks: list[HelpdeskHealth]
    failing: Annotated[list[FailingWay], "Who does not answer; the daemon stays ready"]


class HelpdeskStatus(TypedDict):
    """A configured helpdesk."""

    name: str
    read: Annotated[bool, "It has been read at least once"]
    tickets: Annotated[Count, "Tickets of it in the store"]


class RuleStatus(TypedDict):
    """What a rule has done so far."""

    rule: RuleId
    mode: ModeWord
    escalations: Annotated[Count, "Levels with a kind that fired"]
    reminders: Annotated[Count, "Levels without a kind that fired"]
    customer_messages: Annotated[Count, "Messages that were delivered to customers"]


class ShadowStatus(TypedDict):
    """What a rule in shadow would have done in the last 24 hours."""

    rule: RuleId
    escalations: Annotated[Count, "Levels with a kind that it would have fired"]
    reminders: Annotated[Count, "Levels without a kind that it would have fired"]
    notices: Annotated[Count, "How often a receiver would have been told"]


class FiringLine(TypedDict):
    """A firing: a row of the view `v_firings`."""

    ticket: Subject
    rule: RuleId
    episode: EpisodeKey
    level: Ordinal
    name: str
    occurrence: Ordinal
    kind: Annotated[KindWord | None, "Null for a reminder"]
    due_at: Instant
    fired_at: Instant
    generation: GenerationId


class ExhaustedLadder(TypedDict):
    """A level whose last repeated notice was said, and that nobody has taken."""

    ticket: Subject
    rule: RuleId
    level: Ordinal
    name: str


class SilenceLine(TypedDict):
    """A silence: asked for by somebody, or recurring."""

    id: SilenceId
    state: Literal["in_force", "to_come", "over"]
    during: Annotated[str | None, "The calendar whose open hours are silent; null unless it recurs"]
    begins_at: Annotated[
        Instant | None, "Of one that recurs, when it begins next; null while it is in force"
    ]
    ends_at: Annotated[Instant | None, "When it ends, or ended; null if it never begins"]
    rules: Annotated[list[str], "Only these rules; empty for all"]
    tickets: Annotated[list[str], "Only these tickets, HELPDESK:ID; empty for all"]
    customers: Annotated[list[str], "Only tickets of these customers; empty for all"]
    groups: Annotated[list[str], "Only tickets that these groups have; empty for all"]
    author: Annotated[str, "Who asked for it"]
    reason: Annotated[str, "Why"]


class SilenceDocument(TypedDict):
    """What is silenced; in the order in which it was asked for, then what recurs."""

    format: Literal["escalatord.silence/1"]
    now: Annotated[Instant, "The instant of the domain: in a replay, the replayed one"]
    silences: list[SilenceLine]


class NobodysEscalation(TypedDict):
    """A live escalation that nobody has."""

    ticket: Subject
    rule: RuleId
    since: Annotated[Instant, "When it escalated; or when the last acknowledgement ran out"]
    was_taken: Annotated[bool, "Somebody had taken it"]


class StatusDocument(TypedDict):
    """How the daemon is doing."""

    format: Literal["escalatord.status/1"]
    now: Annotated[Instant, "The instant of the domain: in a replay, the replayed one"]
    generation: GenerationId
    degraded: Annotated[bool, "The rule files are broken, and the last good rules run"]
    daemon: Annotated[HealthDocument | None, "Its own word; null where none answers"]
    helpdesks: list[HelpdeskStatus]
    open_tickets: Count
    live_episodes: Annotated[Count, "Episodes that have fired and are not ended"]
    overdue: Annotated[Count, "Subjects that should have been looked at by now"]
    unowned: Annotated[Count, "Live escalations that nobody has taken"]
    nobodys: Annotated[list[NobodysEscalation], "They, the one that has waited longest first"]
    exhausted: Annotated[list[ExhaustedLadder], "Those of them of which the last notice was said"]
    silences: Annotated[list[SilenceLine], "Those that are in force or to come"]
    unreachable: Annotated[Count, "Addresses of customers that take no mail"]
    held: Annotated[Count, "Outbox rows that wait for people: held or unknown"]
    outbox: Annotated[dict[str, Count], "Rows by state, every state named"]
    rules: list[RuleStatus]
    shadow: Annotated[list[ShadowStatus], "One for each rule in shadow"]
    recent: Annotated[list[FiringLine], "The last firings, the latest last"]


# --- helpdesks ------------------------------------------------------------------------------------


class MissingRightLine(TypedDict):
    """Something that our account may not do."""

    right: Annotated[str, "As the helpdesk calls it"]
    need: Annotated[Literal["read", "change", "note", "reply"], "What it is needed for"]
    remedy: Annotated[str, "What to do about it"]


class RateLimitLine(TypedDict):
    """How many requests a helpdesk takes from us."""

    requests: Annotated[Count | None, "In one period; null where it does not say"]
    remaining: Annotated[Count | None, "Of this period"]
    resets_seconds: Annotated[int | None, "Until the next period begins"]


class CapabilitiesLine(TypedDict):
    """What rules may ask of a helpdesk."""

    fields: Annotated[list[str], "What it can change; `fields.*` stands for any field of its own"]
    notes: bool
    replies: bool
    replies_when_resolved: Annotated[bool, "A reply leaves a resolved ticket resolved"]
    history: Annotated[bool, "It tells what happened, and not only how things stand"]


class SampleTicket(TypedDict):
    """A ticket, as rules see it."""

    ticket: Annotated[str, "HELPDESK:ID"]
    subject: str
    created_at: Instant
    status: str
    raw_status: Annotated[str | None, "The helpdesk's own word"]
    priority: str | None
    type: str | None
    group: str | None
    assignee: str | None
    channel: str | None
    language: str | None
    tags: list[str]
    due_at: Instant | None
    customer_id: str | None
    has_email: Annotated[bool, "The customer's address is known; it is not shown"]
    customer_tier: str | None
    customer_organization: str | None
    fields: Annotated[dict[str, str], "The desk's own"]
    events: Annotated[Count, "What is known to have happened to it"]
    last_customer_message_at: Instant | None
    last_agent_reply_at: Instant | None


class HelpdeskCheckDocument(TypedDict):
    """What a helpdesk says of us, and how we understand what it says."""

    format: Literal["escalatord.helpdesk-check/1"]
    helpdesk: Annotated[str, "Its name in the config file"]
    ok: Annotated[bool, "Nothing is wrong"]
    account: Annotated[str, "Who we are there; empty where it knows no accounts"]
    server: str
    zone: Annotated[str | None, "The time zone of our account, where it has one"]
    clock_skew_seconds: Annotated[int | None, "How far its clock is ahead of ours"]
    rate_limit: RateLimitLine | None
    missing: list[MissingRightLine]
    can: CapabilitiesLine
    problems: Annotated[list[str], "What is wrong, a line each"]
    tickets: list[SampleTicket]


# --- templates ------------------------------------------------------------------------------------


class TemplateText(TypedDict):
    """A template in one language."""

    language: Annotated[str, "What it is written in, by two letters"]
    is_default: Annotated[bool, "Whether everybody gets it whose language has no text"]
    file: Annotated[str | None, "Null for one that is built in"]


class TemplateLine(TypedDict):
    """A template, in all its languages."""

    audience: Literal["customer", "staff"]
    name: str
    texts: list[TemplateText]
    used_by: Annotated[list[RuleId], "The rules that name it"]


class TemplatesDocument(TypedDict):
    """Every template that rules can name; those for customers first, by name."""

    format: Literal["escalatord.templates/1"]
    templates: list[TemplateLine]


class TemplateDocument(TypedDict):
    """A template, filled in."""

    format: Literal["escalatord.template/1"]
    audience: Literal["customer", "staff"]
    name: str
    language: Annotated[str, "What the text is written in, by two letters"]
    file: Annotated[str | None, "Null for one that is built in"]
    ticket: Annotated[Subject | None, "Null for a made-up one"]
    rule: Annotated[RuleId | None, "The rule by which it would go out, where there is one"]
    level: Annotated[str | None, "The level, where one would send it"]
    is_live: Annotated[bool, "Whether that rule holds for the ticket now"]
    subject: str
    text: str
    html: str
    uses: Annotated[dict[str, list[str]], "What it may use: each name with its parts"]


# --- reload ---------------------------------------------------------------------------------------


class RenamedRule(TypedDict):
    """A rule that says by `moved_from` what it was called before."""

    before: RuleId
    now: RuleId


class ReloadDocument(TypedDict):
    """What a reading of the rule files by the daemon came to."""

    format: Literal["escalatord.reload/1"]
    result: Annotated[
        Literal["accepted", "unchanged", "rejected"],
        "Rejected: the files have errors, and the generation that was in force stays",
    ]
    before: Annotated[GenerationId, "The generation that was in force"]
    generation: Annotated[GenerationId, "The generation that is in force now"]
    rules: Annotated[Count, "Rules in force now"]
    degraded: Annotated[bool, "The rule files are broken, and the last good rules run"]
    added: list[RuleId]
    removed: list[RuleId]
    renamed: list[RenamedRule]
    changed: Annotated[list[RuleId], "Rules that now decide otherwise, by their present ids"]
    receivers_changed: Annotated[bool, "Who is told, or where, has changed"]
    templates_changed: Annotated[bool, "The words of a message have changed"]
    episodes_kept: Annotated[Count, "Live episodes that keep their level"]
    episodes_ended: Annotated[Count, "Live episodes whose rule is no more"]
    files: list[str]
    problems: Annotated[list[CheckProblem], "As `check` tells them"]


# --- import --------------------------------------------------------------------------------------


class ImportedHelpdesk(TypedDict):
    """What one helpdesk brought."""

    tickets: Annotated[Count, "Tickets of which something new was told"]
    events: Annotated[Count, "Events that were new"]
    rejected: list[Rejected]


class ImportDocument(TypedDict):
    """What was read into the store; nothing was decided."""

    format: Literal["escalatord.import/1"]
    now: Annotated[Instant, "Nothing later than this was taken"]
    helpdesks: Annotated[dict[str, ImportedHelpdesk], "By name; those that could be read"]
    unread: list[Unread]


# --- plan ----------------------------------------------------------------------------------------

FateWord = Annotated[str, one_of(Fate)]


class PlannedChange(TypedDict):
    """A level of one ticket's ladder whose fate changes."""

    ticket: Subject
    rule: RuleId
    level: Annotated[str, "The level's name, else its `after` as written"]
    fate: FateWord
    was_at: Annotated[Instant | None, "When it fires by the present rules"]
    is_at: Annotated[Instant | None, "When it fires by the proposed rules"]
    passed: Annotated[ReasonWord | None, "Why it counts as passed without acting"]


class PlannedRule(TypedDict):
    """What one proposed rule would do."""

    rule: RuleId
    fired: Annotated[Count, "Levels and repetitions that fire"]
    messages: Annotated[Count, "Messages that it sends"]
    messages_now: Annotated[Count, "Messages that it sends by the present rules"]
    passed: Annotated[dict[str, int], "Levels that pass without acting, by reason"]


class PlannedTraffic(TypedDict):
    """The messages of the stretch."""

    customers: Count
    staff: Annotated[Count, "A digest is one message"]
    busiest_hour: Annotated[Instant | None, "Beginning of the hour with most messages"]
    in_busiest_hour: Count


class PlanDocument(TypedDict):
    """What other rules would change for the open tickets, if nothing happened to any of them."""

    format: Literal["escalatord.plan/1"]
    now: Annotated[Instant, "The first instant"]
    until: Annotated[Instant, "The last one"]
    generation: Annotated[str, "The present rules"]
    proposed: Annotated[str, "The proposed rules"]
    added: list[RuleId]
    removed: list[RuleId]
    renamed: list[RenamedRule]
    changed: Annotated[list[RuleId], "Rules that decide otherwise, by their proposed ids"]
    ok: Annotated[bool, "No budget is exceeded, and every ticket could be decided"]
    over_budget: Annotated[list[str], "Rules that exceed their own budget"]
    fired: Annotated[list[Fired], "What fires by the proposed rules, sorted as for `once`"]
    changes: list[PlannedChange]
    rules: list[PlannedRule]
    present_messages: PlannedTraffic
    proposed_messages: PlannedTraffic
    failures: Annotated[dict[str, str], "Subjects that could not be decided, and what was wrong"]


# --- webhook -------------------------------------------------------------------------------------


class WebhookFacts(TypedDict):
    """What happened; null where a fact means nothing for this type."""

    event: Annotated[str, "The same as the type"]
    audience: Annotated[AudienceWord, "Whom the message is for"]
    kind: ActionWord
    ticket: Subject
    tickets: Annotated[list[str], "All the tickets that it is about"]
    rule: RuleId
    episode: EpisodeKey
    level: Annotated[Ordinal | None, "The level's number in its rule"]
    name: Annotated[str | None, "The level's name"]
    message: Annotated[MessageWord | None, "Which message to the customer it is about"]
    occurrence: Annotated[Ordinal | None, "2 where it is said again"]
    reason: Annotated[str | None, "Why: a reason, or what became of an action"]
    due_at: Instant | None
    fired_at: Instant | None


class WebhookData(TypedDict):
    """The message as a person would read it, with the facts."""

    to: Annotated[str, "The receiver's address, as the rules have it"]
    subject: str
    text: str
    thread: Annotated[str | None, "The ticket that it belongs to"]
    facts: WebhookFacts


class WebhookDocument(TypedDict):
    """What a channel of kind webhook posts; the headers sign it and name it."""

    format: Literal["escalatord.webhook/1"]
    type: Annotated[str, one_of(WEBHOOK_TYPES)]
    timestamp: Annotated[Instant, "When it happened"]
    data: WebhookData
