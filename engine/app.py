"""The composition root: the only file that knows every concrete class."""

from __future__ import annotations

import io
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from engine import channels as channel_kinds
from engine import helpdesks as helpdesk_kinds
from engine import rulebook
from engine.checking import judge
from engine.clock import ReplayClock, SystemClock
from engine.domain.condition import ContactsBy
from engine.domain.facts import CustomerLimits
from engine.domain.matching import earliest
from engine.domain.rule import Generation, Rule
from engine.domain.ruleset import Ruleset
from engine.errors import ConfigError, Problem, UsageError
from engine.helpdesks.intake.options import IntakeOptions
from engine.links import ExampleLinks, Lifetimes, MessageLinks, Tokens
from engine.messages import TemplateComposer
from engine.pipeline.activate import activate, generations_needed, known_texts
from engine.pipeline.cycle import BEFORE_EVERYTHING, Cycle, Work
from engine.pipeline.evaluate import Policy
from engine.pipeline.intake import let_go
from engine.pipeline.leasing import lease_for
from engine.pipeline.outside import Outside
from engine.pipeline.traffic import Traffic
from engine.ports import Channel, GenerationRecord, HandsOn, Helpdesk, KeptHere, Links, Prepared
from engine.ruletests.playing import Equipment
from engine.settings import Settings, load_settings
from engine.settings.intake import SenderSecrets, refuse_shared, secrets_of
from engine.simulation.forecast import Forecast, forecast
from engine.simulation.recorder import Recording, RecordingChannel, RecordingHelpdesk
from engine.simulation.still import StillHelpdesk
from engine.store import SqlStore, StoreMissingError, open_store
from engine.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.rulebook import FolderStamp, Loaded

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
REPLAY_KEY = "replay_now"
PLAYED_KEY = "played_until"
LINKS_KEY = "links_key"
"""Under this name the store keeps the key that signs links, where nobody has set one."""


class RulesError(ConfigError):
    """There is no usable rule set.

    Attributes:
        loaded: What reading the rule files came to.
    """

    def __init__(self, message: str, loaded: Loaded) -> None:
        super().__init__(message)
        self.loaded = loaded

    @property
    def faults(self) -> tuple[str, ...]:
        """Every fault of the rule files as people are shown it, and their sum."""
        return rulebook.render_all(self.loaded)


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that decisions are made by.

    Attributes:
        sources: Path below the rules folder → text of every file that they were read from.
        degraded: The files are broken, with these `problems`; the last good rules run.
    """

    ruleset: Ruleset
    sources: Mapping[str, str]
    degraded: bool = False
    problems: tuple[Problem, ...] = ()


class App:
    """Everything that a verb needs, built from one config file."""

    def __init__(
        self, settings: Settings, store: SqlStore, stream: TextIO, *, dry_run: bool = False
    ) -> None:
        """Put the parts together; reads no rules yet.

        Args:
            settings: What the config file says.
            store: The store, open.
            stream: Where the console channel writes.
            dry_run: Swap everything that writes outside for a recorder.
        """
        self.settings = settings
        self.store = store
        self.recording = Recording()
        self.clock = _clock(settings, store)
        self.channels = self._channels(stream, dry_run=dry_run)
        self.helpdesks = self._helpdesks(dry_run=dry_run)
        # Nobody hears of a rehearsal or of a replay, and so nobody can hear too much.
        self._is_heard = not dry_run and settings.replay is None
        self.traffic = Traffic(settings.channel_limits if self._is_heard else {})
        self._rulesets: dict[str, Ruleset] = {}
        self._tokens: Tokens | None = None
        self._is_dry = dry_run

    # --- building ---

    def _helpdesks(self, *, dry_run: bool) -> dict[str, Helpdesk]:
        real = {
            name: helpdesk_kinds.open_helpdesk(name, options)
            for name, options in self.settings.helpdesks.items()
        }
        for one in real.values():
            if isinstance(one, HandsOn):
                one.hand_on_by(self.channels)
            if isinstance(one, KeptHere):
                one.keep_in(self.store)
        if not dry_run:
            return real
        return {name: RecordingHelpdesk(one, self.recording) for name, one in real.items()}

    def _channels(self, stream: TextIO, *, dry_run: bool) -> dict[str, Channel]:
        if dry_run:
            return {name: RecordingChannel(name, self.recording) for name in self.settings.channels}
        around = channel_kinds.Surroundings(
            clock=self.clock,
            monotonic=SystemClock().monotonic,
            stream=stream,
            folder=self.settings.folder,
        )
        return {
            name: channel_kinds.open_channel(name, options.resolved(name), around)
            for name, options in self.settings.channels.items()
        }

    # --- rules ---

    def load_rules(self, folder: Path | None = None) -> Loaded:
        """Read the rule files; never raises for what is in them.

        A folder without any is an error: it is a typing mistake, or a disk that is not there, and
        no wish that every rule should end.

        Args:
            folder: Where they are; the configured folder by default.
        """
        folder = folder or self.settings.rules_from_here
        channels = frozenset(self.settings.channels)
        loaded = judge([folder], channels=channels, helpdesks=self.settings.abilities())
        if loaded.files or loaded.generation is None:
            return loaded
        advice = "put YAML files there, or correct `rules:` in the config file"
        nothing = Problem(
            str(folder), 1, 1, 2, "error", "no-rules", "there are no rule files here", advice
        )
        return replace(loaded, generation=None, problems=(*loaded.problems, nothing))

    def rules_stamp(self) -> FolderStamp:
        """What the file system says of the rule files: nothing has changed while it is the same."""
        return rulebook.folder_stamp(self.settings.rules_from_here)

    def rules_in_force(self) -> InForce:
        """The rules of the folder; where they are broken, the last good ones, and so degraded.

        Raises:
            RulesError: The files are broken, and there are no last good ones.
        """
        loaded = self.load_rules()
        return self.rules_from(loaded)

    def rules_from(self, loaded: Loaded) -> InForce:
        """As `rules_in_force`, from files that have been read."""
        if loaded.generation is not None:
            sources = {
                os.path.relpath(name, self.settings.rules_from_here): text
                for name, text in loaded.sources.items()
            }
            return InForce(Ruleset(loaded.generation), sources)
        with self.store.read() as tx:
            record = tx.active_generation()
        kept = None if record is None else self._rebuilt(record)
        if record is None or kept is None:
            raise RulesError(_what_is_wrong(loaded, self.settings.rules_from_here), loaded)
        return InForce(Ruleset(kept), record.sources, degraded=True, problems=loaded.problems)

    def put_in_force(self, rules: InForce, now: datetime, *, from_the_start: bool) -> Policy:
        """Make a set of rules the one that decides.

        Args:
            rules: The rules.
            now: Aware UTC.
            from_the_start: Without earlier rules, these count as known since ever (a replay).
        """
        with self.store.read() as tx:
            earlier = tx.active_generation()
        since = LONG_AGO if from_the_start and earlier is None else None
        record = activate(self.store, rules.ruleset, rules.sources, now, since)
        self._rulesets[record.id] = rules.ruleset
        needed = generations_needed(record) | {record.id}
        self._rulesets = {name: each for name, each in self._rulesets.items() if name in needed}
        return self.policy(rules.ruleset, record)

    def policy(self, ruleset: Ruleset, record: GenerationRecord | None) -> Policy:
        """What decisions are made by, as one value."""
        known = known_texts(record, self._ruleset_of) if record else {}
        limits = self.settings.customer_limits
        return Policy(
            ruleset=ruleset,
            receivers=ruleset.generation.receivers,
            limits=CustomerLimits(gap=limits.gap, per_day=limits.per_day),
            known=known,
            batch=self.settings.batch,
        )

    def cycle(self, policy: Policy, heard: Callable[[Work], None] = lambda _: None) -> Cycle:
        """The stages, wired.

        Raises:
            ConfigError: A channel can never send as it is configured.
        """
        for channel in self.channels.values():
            if isinstance(channel, Prepared):
                channel.prepare()
        return Cycle(
            store=self.store,
            helpdesks=self.helpdesks,
            policy=policy,
            outside=self.outside(policy),
            real_now=SystemClock().now,
            heard=heard,
        )

    def forecast(
        self, policy: Policy, now: datetime, until: datetime, heard: Callable[[datetime], None]
    ) -> tuple[Cycle, Forecast]:
        """What these rules would do; for a rehearsal, which it wears out.

        Args:
            policy: What decides.
            now: The first instant.
            until: The last one (both aware UTC).
            heard: Told of each instant that has been lived through.
        """
        cycle = self.cycle(policy)
        cycle.real_now = lambda: LONG_AGO  # leases and retries, too, live in the stretch
        return cycle, forecast(cycle, self.recording, now, until, heard)

    def outside(self, policy: Policy) -> Outside:
        """Everything that a delivery can reach."""
        generation = policy.ruleset.generation
        replies = {
            name: options.replies_by
            for name, options in self.settings.helpdesks.items()
            if options.replies_by is not None and not options.answers_itself
        }
        composer = TemplateComposer(
            generation.templates,
            self.settings.timezone,
            self._links(generation),
            language=self.settings.language,
        )
        return Outside(
            helpdesks=self.helpdesks,
            channels=self.channels,
            reply_channels=replies,
            composer=composer,
            ruleset=policy.ruleset,
            limits=policy.limits,
            known=policy.known,
            staff_limit=self.settings.staff_limit if self._is_heard else None,
            traffic=self.traffic,
        )

    def policy_of(self, loaded: Loaded) -> Policy | None:
        """What files that have been read would decide by; None where they are broken."""
        if loaded.generation is None:
            return None
        return self.policy(Ruleset(loaded.generation), None)

    def _links(self, generation: Generation) -> Links:
        settings = self.settings.links
        if self._is_dry:
            return ExampleLinks()
        return MessageLinks(
            tokens=self.tokens(),
            public_url=settings.public_url if settings else None,
            takes_links=generation.takes_links,
            survey_elsewhere=self.settings.survey_url,
        )

    def tokens(self) -> Tokens | None:
        """What signs the links in messages, and reads them back; None where there are none.

        Raises:
            ConfigError: The keys cannot be read.
        """
        settings = self.settings.links
        if settings is not None and self._tokens is None:
            lifetimes = Lifetimes(settings.acknowledge_for, settings.survey_for)
            self._tokens = Tokens(settings.keys() or (self._key_of_the_store(),), lifetimes)
        return self._tokens

    def senders(self) -> dict[str, SenderSecrets]:
        """Helpdesk name → what lets in whoever sends us its tickets.

        Raises:
            ConfigError: A secret cannot be read, or two helpdesks share one.
        """
        found = {
            name: secrets_of(f"helpdesks.{name}", options)
            for name, options in self.settings.helpdesks.items()
            if isinstance(options, IntakeOptions)
        }
        refuse_shared(found)
        return found

    def hook_secrets(self) -> dict[str, SenderSecrets]:
        """Helpdesk name → what lets in the webhooks that make its tickets due.

        Raises:
            ConfigError: A secret cannot be read.
        """
        return {
            name: secrets_of(f"web.hooks.{name}", options, are_standard=False)
            for name, options in self.settings.hooks.items()
        }

    def let_go_of_posts(self) -> None:
        """Forget what was sent to us, was ingested, and is older than its helpdesk keeps it."""
        for name, options in self.settings.helpdesks.items():
            if isinstance(options, IntakeOptions):
                let_go(self.store, name, options.keep, self.clock.now())

    def _key_of_the_store(self) -> str:
        with self.store.write() as tx:
            key = tx.meta(LINKS_KEY)
            if key is None:
                key = secrets.token_hex(32)
                tx.set_meta(LINKS_KEY, key)
        return key

    def in_force_now(self) -> Policy:
        """What the store's active generation decides by, for verbs that only look.

        Without an active generation it is the rules of the folder.

        Raises:
            RulesError: There are no usable rules.
        """
        with self.store.read() as tx:
            record = tx.active_generation()
        kept = self._rebuilt(record) if record else None
        if kept is None:
            return self.policy(self.rules_in_force().ruleset, None)
        return self.policy(Ruleset(kept), record)

    def _ruleset_of(self, generation_id: str) -> Ruleset | None:
        """The rules of an earlier generation, built once; None if that fails now."""
        if generation_id not in self._rulesets:
            with self.store.read() as tx:
                record = tx.generation(generation_id)
            kept = self._rebuilt(record) if record else None
            if kept is None:
                return None
            self._rulesets[generation_id] = Ruleset(kept)
        return self._rulesets[generation_id]

    def in_force_at(self, at: datetime) -> Policy:
        """What decided at a past instant; before the first generation, what decides now.

        Args:
            at: Aware UTC.

        Raises:
            RulesError: There are no usable rules.
        """
        with self.store.read() as tx:
            record = tx.generation_at(at)
        kept = self._rebuilt(record) if record else None
        return self.in_force_now() if kept is None else self.policy(Ruleset(kept), record)

    def former_names(self, then: Ruleset) -> dict[str, str]:
        """Id → the id that a rule bore in an earlier set, of the rules renamed since.

        What a rule has done goes on under its new id; decisions keep the one that made them.

        Raises:
            RulesError: There are no usable rules.
        """
        known = {rule.id for rule in then.generation.rules}
        return {
            rule.id: rule.moved_from
            for rule in self.in_force_now().ruleset.generation.rules
            if rule.moved_from in known and rule.id not in known
        }

    def _rebuilt(self, record: GenerationRecord) -> Generation | None:
        return rebuilt(record, self.settings.rules_from_here)

    def group_kinds(self) -> tuple[ContactsBy, ...]:
        """The kinds of group that the rules in force read."""
        return self.in_force_now().ruleset.group_kinds

    def generation_id(self) -> str:
        """Id of the generation in force; empty before the first."""
        with self.store.read() as tx:
            record = tx.active_generation()
        return record.id if record else ""

    # --- time ---

    def first_instant(self) -> datetime | None:
        """The first instant of which any helpdesk holds something (aware UTC)."""
        return earliest(one.next_change_at(BEFORE_EVERYTHING) for one in self.helpdesks.values())

    def real_now(self) -> datetime:
        """The machine's instant (aware UTC), whatever is replayed."""
        return SystemClock().now()

    def played_until(self) -> datetime | None:
        """Where the last play ended (aware UTC); None before the first."""
        with self.store.read() as tx:
            text = tx.meta(PLAYED_KEY)
        if text is None:
            return None
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    def lived_until(self) -> datetime:
        """Up to when the store has lived (aware UTC): its clock's instant, or the end of a play."""
        return max(self.clock.now(), self.played_until() or LONG_AGO)

    def forget_imports(self) -> None:
        """Read anew what was only imported: a play must see each event arrive at its own time.

        Where anything was ever decided, what was read stays.
        """
        with self.store.write() as tx:
            if tx.active_generation() is None:
                tx.forget_what_was_read()

    def keep_played(self, at: datetime) -> None:
        """Remember where a play ended."""
        with self.store.write() as tx:
            tx.set_meta(PLAYED_KEY, at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def dead_by(self, now: datetime) -> datetime:
        """By when, at a start that holds the daemon's lock, leases are told to have run out.

        Where the lock keeps others out, whoever leased before is dead, and nobody waits for the end
        of the lease. Where other daemons may run, a lease lasts as long as it says.
        """
        if not self.store.has_one_daemon:
            return now
        return now + 2 * lease_for((*self.helpdesks.values(), *self.channels.values()))

    def rehearsal(self) -> App:
        """The same parts on a copy of the store in memory, cut off from the world.

        Nothing that it does reaches outside, and nothing happens to its tickets any more.
        """
        copy = open_store("sqlite://")
        self.store.copy_into(copy)
        apart = App(self.settings, copy, io.StringIO(), dry_run=True)
        apart.helpdesks = {
            name: StillHelpdesk(name, copy, apart.recording, one.can)
            for name, one in self.helpdesks.items()
        }
        return apart

    def close(self) -> None:
        """Let go of connections and files."""
        for channel in self.channels.values():
            channel.close()
        for helpdesk in self.helpdesks.values():
            helpdesk.close()
        self.store.close()


def open_app(
    config: Path, *, stream: TextIO | None = None, upgrade: bool = True, dry_run: bool = False
) -> App:
    """Everything that a verb needs.

    Args:
        config: The config file.
        stream: Where the console channel writes; stdout by default.
        upgrade: Make the store where there is none, and migrate an older one.
        dry_run: Work on a copy of the store in memory, and write nothing outside.

    Raises:
        ConfigError: The config file cannot be used.
        StoreError: The store cannot be used.
    """
    settings = load_settings(config)
    url = settings.store_url()
    store = _copy_of(url) if dry_run else open_store(url, upgrade=upgrade)
    return App(settings, store, stream or sys.stdout, dry_run=dry_run)


def open_helpdesk(config: Path, name: str) -> Helpdesk:
    """One helpdesk of a config file; contacts nothing yet, but the store where one is kept there.

    Raises:
        ConfigError: The config file cannot be used.
        UsageError: It has no helpdesk of that name.
        StoreError: The helpdesk is kept in a store that cannot be opened.
    """
    settings = load_settings(config)
    if name not in settings.helpdesks:
        known = ", ".join(settings.helpdesks) or "none"
        raise UsageError(f"{config}: there is no helpdesk '{name}'; those there are: {known}")
    found = helpdesk_kinds.open_helpdesk(name, settings.helpdesks[name])
    if isinstance(found, KeptHere):
        found.keep_in(open_store(settings.store_url()))
    return found


def equipment() -> Equipment:
    """What rule tests need that is not simulated: it is what the daemon runs on."""
    return Equipment(
        open_store=MemoryStore,
        composer=lambda generation, zone: TemplateComposer(
            generation.templates, zone, ExampleLinks()
        ),
    )


def _copy_of(url: str) -> SqlStore:
    """What a store holds, in memory; nothing where there is none yet."""
    copy = open_store("sqlite://")
    try:
        store = open_store(url, upgrade=False)
    except StoreMissingError:
        return copy
    store.copy_into(copy)
    store.close()
    return copy


def _clock(settings: Settings, store: SqlStore) -> SystemClock | ReplayClock:
    replay = settings.replay
    if replay is None:
        return SystemClock()

    def load() -> str | None:
        with store.read() as tx:
            return tx.meta(REPLAY_KEY)

    def save(text: str) -> None:
        with store.write() as tx:
            tx.set_meta(REPLAY_KEY, text)

    return ReplayClock(replay.begin, replay.speed, load, save)


def rebuilt(record: GenerationRecord, rules: Path) -> Generation | None:
    """A generation built again from the texts that the store keeps; None if that fails now.

    Args:
        record: What the store keeps.
        rules: The folder that the texts were read from, which places name.
    """
    with tempfile.TemporaryDirectory(prefix="escalatord-rules-") as folder:
        root = Path(folder)
        for name, text in record.sources.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        generation = rulebook.load(root).generation
        if generation is None:
            return None
        return replace(
            generation,
            id=record.id,
            rules=tuple(_placed(rule, root, rules) for rule in generation.rules),
        )


def _placed(rule: Rule, root: Path, rules: Path) -> Rule:
    file = rules / os.path.relpath(rule.place.file, root)
    return replace(rule, place=replace(rule.place, file=str(file)))


def _what_is_wrong(loaded: Loaded, folder: Path) -> str:
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    if not loaded.files:
        return f"there are no rule files in {folder}; put YAML files there, or correct `rules:`"
    noun = "error" if errors == 1 else "errors"
    return f"{errors} {noun} in the rule files of {folder}, and no earlier good rules to run"
