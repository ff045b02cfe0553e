"""From a config file to settings: every fault of it in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from engine.errors import ConfigError, Problem
from engine.helpdesks import kinds
from engine.helpdesks.addresses import is_loopback
from engine.helpdesks.file.options import FileOptions
from engine.helpdesks.intake.options import IntakeOptions
from engine.helpdesks.lengths import PositiveLength
from engine.helpdesks.options import (
    HelpdeskOptions,
    Options,
    PlaceOfFile,
    Zone,
    refuse,
    shown,
    suggestion,
)
from engine.secret import Secret
from engine.settings import yaml_text
from engine.settings.channels import CHANNELS, ChannelOptions, RateOptions, WebhookOptions
from engine.settings.faults import Faults
from engine.settings.model import (
    ControlOptions,
    CustomerLimits,
    HeartbeatOptions,
    LogOptions,
    ReloadOptions,
    Replay,
    Settings,
    SpokenLanguage,
    WebOptions,
)
from engine.settings.values import HelpdeskName, Name, Text, WebUrl, Whole

_UTC: Final = ZoneInfo("UTC")
_DEFAULT_STORE: Final = "sqlite:///escalatord.db"
_URL_PASSWORD: Final = re.compile(r"\w[\w+.-]*://[^/@]*:[^/@]+@")
_OPEN_URL: Final = (
    "store.url holds a password that every reader of this file sees;"
    " use url_file, url_env or credential"
)

_LISTEN: Final = "add web: {listen: 127.0.0.1:9464}"

_OPEN_WEB: Final = (
    "web.listen: other machines can read health and metrics, without a password;"
    " listen on 127.0.0.1 unless a firewall decides who may"
)

K = TypeVar("K", bound=Options)


class SettingsError(ConfigError):
    """The config file cannot be used; the text has a line for each fault.

    Attributes:
        problems: The faults, sorted by place.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(_line, self.problems)))


def _nothing_is_empty(value: object) -> object:
    return {} if value is None else value


class _StoreOptions(Options):
    url: Text | None = None
    url_file: PlaceOfFile | None = None
    url_env: Text | None = None
    credential: Text | None = None

    @model_validator(mode="after")
    def _one_place(self) -> _StoreOptions:
        if sum(bool(x) for x in (self.url, self.url_file, self.url_env, self.credential)) > 1:
            raise refuse("store", "the store's url stands in several places", "keep one of them")
        return self


class _Top(Options):
    """The whole file; helpdesks and channels are read by their kinds afterwards."""

    store: Annotated[_StoreOptions, BeforeValidator(_nothing_is_empty)] = _StoreOptions()
    rules: PlaceOfFile | None = None
    helpdesks: Annotated[dict[HelpdeskName, Any], BeforeValidator(_nothing_is_empty)] = Field(
        default_factory=dict
    )
    channels: Annotated[dict[Name, Any], BeforeValidator(_nothing_is_empty)] = Field(
        default_factory=dict
    )
    customer_limits: CustomerLimits = CustomerLimits()
    staff_limits: RateOptions | None = None
    timezone: Zone = _UTC
    language: SpokenLanguage = "en"
    every: PositiveLength = timedelta(seconds=30)
    batch: Whole = 500
    log: LogOptions = LogOptions()
    reload: ReloadOptions = ReloadOptions()
    control: ControlOptions = ControlOptions()
    web: WebOptions = WebOptions()
    heartbeat: HeartbeatOptions | None = None
    survey_url: WebUrl | None = None


def load_settings(path: str | Path) -> Settings:
    """Read a config file.

    Args:
        path: As the person named it.

    Raises:
        ConfigError: It cannot be read or used (then a `SettingsError`, with every fault).
    """
    shown_path = str(path)
    document = yaml_text.read(_text_of(Path(path), shown_path))
    reader = _Reader(shown_path, Path(path).absolute(), document)
    settings = reader.settings()
    if settings is None:
        raise SettingsError(reader.faults.problems)
    return settings


def _text_of(path: Path, shown_path: str) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{shown_path}: cannot read the config file: {error.strerror}; name another by --config"
        ) from None
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(
            shown_path, line, 1, 2, "error", "encoding", "this is not UTF-8", "save it as UTF-8"
        )
        raise SettingsError([problem]) from None


class _Reader:
    """One reading of a file: collects faults, and builds settings where there are none."""

    def __init__(self, shown_path: str, path: Path, document: yaml_text.Document) -> None:
        self.faults = Faults(shown_path, document)
        self._shown_path = shown_path
        self._path = path
        self._tree = document.tree
        self._context = {"folder": path.parent}

    def settings(self) -> Settings | None:
        """The settings; None if `faults` say why not."""
        tree = self._tree
        if not isinstance(tree, dict):
            self.faults.add((), "not-a-mapping", "this is no config file", "write rules: DIR")
            return None
        top = self.faults.check(_Top, tree, (), self._context)
        desks = {name: kind.options for name, kind in kinds().items()}
        helpdesks = self._entries("helpdesks", tree.get("helpdesks"), desks)
        channels = self._entries("channels", tree.get("channels"), CHANNELS)
        for name, helpdesk in helpdesks.items():
            for fault in helpdesk.faults():
                path = ("helpdesks", name, *fault.path)
                self.faults.add(path, fault.code, fault.message, fault.help)
        self._check_replies(helpdesks, channels)
        self._check_intake(helpdesks, channels, top)
        replay = self._replay(helpdesks, channels)
        if replay is not None and top is not None and top.heartbeat and top.heartbeat.reaches_out:
            message = f"the heartbeat reaches beyond this machine, and '{replay.helpdesk}' replays"
            self.faults.add(("heartbeat",), "replay", message, "remove one of the two")
        if top is None or self.faults.problems:
            return None
        return self._settings(top, helpdesks, channels, replay)

    def _entries(self, key: str, tree: object, kinds: Mapping[str, type[K]]) -> dict[str, K]:
        """The helpdesks or channels that are right, each read by its kind."""
        if not isinstance(tree, dict):
            return {}
        read = {name: self._entry((key, name), entry, kinds) for name, entry in tree.items()}
        return {name: entry for name, entry in read.items() if entry is not None}

    def _entry(self, path: tuple[str, str], tree: object, kinds: Mapping[str, type[K]]) -> K | None:
        if not isinstance(tree, dict):
            message, help_ = f"{shown(tree)} stands where a mapping should", "write {kind: …}"
            self.faults.add(path, "not-a-mapping", message, help_)
            return None
        kind = tree.get("kind")
        if "kind" not in tree:
            self.faults.add(
                (*path, "kind"), "missing-key", "'kind' is missing", f"add kind: {'|'.join(kinds)}"
            )
        elif not isinstance(kind, str) or kind not in kinds:
            help_ = suggestion(str(kind), kinds)
            self.faults.add(
                (*path, "kind"), "kind", f"{shown(kind)} is no kind of {path[0]}", help_
            )
        else:
            return self.faults.check(kinds[kind], tree, path, self._context)
        return None

    def _check_replies(
        self, helpdesks: Mapping[str, HelpdeskOptions], channels: Mapping[str, ChannelOptions]
    ) -> None:
        """Customers are written to by channels that address one person, and none twice."""
        tree = self._tree.get("channels") if isinstance(self._tree, dict) else None
        named = tuple(tree) if isinstance(tree, dict) else ()
        for name, desk in helpdesks.items():
            for keys, used in desk.channels_used():
                if used not in named:
                    message = f"there is no channel {shown(used)}"
                    help_ = suggestion(used, named) if named else "add it below channels"
                    self.faults.add(("helpdesks", name, *keys), "unknown-channel", message, help_)
            path = ("helpdesks", name, "replies_by")
            if desk.replies_by is None:
                continue
            if desk.replies_by not in named:
                message = f"there is no channel {shown(desk.replies_by)}"
                help_ = suggestion(desk.replies_by, named) if named else "add it below channels"
                self.faults.add(path, "unknown-channel", message, help_)
            channel = channels.get(desk.replies_by)
            if channel is not None and not channel.writes_to_customers:
                message = f"a channel of kind {channel.kind} does not write to customers"
                help_ = "name one of kind smtp; or leave it out, and the helpdesk replies"
                self.faults.add(path, "replies-by", message, help_)

    def _check_intake(
        self,
        helpdesks: Mapping[str, HelpdeskOptions],
        channels: Mapping[str, ChannelOptions],
        top: _Top | None,
    ) -> None:
        """What others send needs an address; what they say of a ticket, a helpdesk to read it."""
        for name, desk in helpdesks.items():
            if not isinstance(desk, IntakeOptions):
                continue
            if top is not None and top.web.listen is None:
                message = f"nobody could send '{name}' anything: nothing listens"
                self.faults.add(("helpdesks", name), "web", message, _LISTEN)
            wanted = desk.write_back.webhook if desk.write_back else None
            if wanted is not None and not isinstance(channels.get(wanted), WebhookOptions):
                message = f"there is no channel {shown(wanted)} of kind webhook"
                path = ("helpdesks", name, "write_back", "webhook")
                self.faults.add(path, "unknown-channel", message, "add it below channels")
        for name in top.web.hooks if top is not None else ():
            if name not in helpdesks:
                message, help_ = f"there is no helpdesk {shown(name)}", suggestion(name, helpdesks)
                self.faults.add(("web", "hooks", name), "unknown-helpdesk", message, help_)
        if top is not None and top.web.hooks and top.web.listen is None:
            self.faults.add(("web", "hooks"), "web", "nothing listens for these hooks", _LISTEN)

    def _replay(
        self, helpdesks: Mapping[str, HelpdeskOptions], channels: Mapping[str, ChannelOptions]
    ) -> Replay | None:
        """The one replay; faults if there are more, or if somebody could hear of it."""
        found = [
            (name, desk)
            for name, desk in helpdesks.items()
            if isinstance(desk, FileOptions) and desk.replay
        ]
        for name, _ in found[1:]:
            message = f"'{found[0][0]}' has a replay already, and there is one clock"
            self.faults.add(("helpdesks", name, "replay"), "replay", message, "keep one of them")
        if not found:
            return None
        reaching = [("helpdesks", name) for name, desk in helpdesks.items() if desk.reaches_out]
        reaching += [("channels", name) for name, each in channels.items() if each.reaches_out]
        name, desk = found[0]
        for path in reaching:
            message = f"'{path[1]}' reaches beyond this machine, and '{name}' replays the past"
            self.faults.add(path, "replay", message, "remove one of the two")
        begin = None if list(desk.faults()) else desk.replay_from
        if begin is None or desk.replay is None:
            return None
        return Replay(name, begin, desk.replay.speed)

    def _settings(
        self,
        top: _Top,
        helpdesks: Mapping[str, HelpdeskOptions],
        channels: Mapping[str, ChannelOptions],
        replay: Replay | None,
    ) -> Settings:
        store = _store_of(top.store)
        warnings = [_OPEN_URL] if isinstance(store, str) and _URL_PASSWORD.match(store) else []
        if top.web.listen is not None and not is_loopback(top.web.listen.host):
            warnings.append(_OPEN_WEB)
        return Settings(
            path=self._path,
            rules=top.rules.path if top.rules else self._path.parent / "rules",
            helpdesks=helpdesks,
            channels=channels,
            customer_limits=top.customer_limits,
            staff_limit=top.staff_limits.rate if top.staff_limits else None,
            timezone=top.timezone,
            every=top.every,
            batch=top.batch,
            log=top.log,
            survey_url=top.survey_url,
            language=top.language,
            replay=replay,
            reload=top.reload,
            web=top.web.listen,
            links=top.web.signing(),
            hooks=top.web.hooks,
            heartbeat=top.heartbeat,
            warnings=tuple(f"{self._shown_path}: {warning}" for warning in warnings),
            _store=store,
            _control=top.control,
        )


def _store_of(options: _StoreOptions) -> str | Secret:
    if not (options.url_file or options.url_env or options.credential):
        return options.url or _DEFAULT_STORE
    file = options.url_file.path if options.url_file else None
    return Secret("store.url", file, options.url_env, options.credential)


def _line(problem: Problem) -> str:
    where = f"{problem.file}:{problem.line}:{problem.column}"
    advice = f": {problem.help}" if problem.help else ""
    return f"{where}: {problem.severity}[{problem.code}] {problem.message}{advice}"
