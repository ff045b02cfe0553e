"""The config file: what it may say, and how its faults are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.channels import Surroundings, open_channel
from engine.clock import SystemClock
from engine.domain.rate import Rate
from engine.errors import ConfigError
from engine.helpdesks.file.options import FileOptions
from engine.oauth import Grant
from engine.settings import Secret, Settings, SettingsError, load_settings
from engine.settings.values import Address

Load = Callable[[str], Settings]

DESK = """\
helpdesks:
  desk:
    kind: file
    path: log.csv
    layout: event_log
    columns: {id: Case, at: Time, status: State}
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Reads a text as the config file of a folder that is the present one."""
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> Settings:
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        return load_settings("config.yaml")

    return read


def faults(load: Load, text: str) -> list[str]:
    """The lines that tell what is wrong with a text."""
    with pytest.raises(SettingsError) as caught:
        load(text)
    return str(caught.value).splitlines()


# --- what it says --------------------------------------------------------------------------------


def test_an_empty_file_is_a_config_with_defaults(load: Load, tmp_path: Path) -> None:
    settings = load("")

    assert settings.store_url() == f"sqlite:///{tmp_path}/escalatord.db"
    assert settings.rules == tmp_path / "rules"
    assert settings.folder == tmp_path
    assert settings.customer_limits.gap == timedelta(hours=1)
    assert settings.customer_limits.per_day == 5
    assert settings.staff_limit is None
    assert settings.channel_limits == {}
    assert settings.timezone.key == "UTC"
    assert settings.every == timedelta(seconds=30)
    assert (settings.log.level, settings.log.format) == ("info", "auto")
    assert settings.helpdesks == {}
    assert settings.channels == {}
    assert settings.survey_url is None
    assert settings.language == "en"
    assert settings.replay is None
    assert settings.reload.poll == timedelta(seconds=10)
    assert settings.control_socket() == tmp_path / "escalatord.db.sock"
    assert settings.web is None
    assert settings.links is None
    assert settings.heartbeat is None
    assert settings.warnings == ()


def test_every_key_is_read(load: Load, tmp_path: Path) -> None:
    settings = load(
        DESK
        + """\
store: {url: sqlite:////var/lib/x.db}
rules: policy/rules
channels:
  terminal: {kind: console, limit: {messages: 30, per: 1m}}
  protocol: {kind: file, path: out/sent.jsonl}
customer_limits: {gap: 1d2h, per_day: 3}
staff_limits: {messages: 20, per: 2h}
timezone: Europe/Berlin
every: 1m30s
batch: 100
log: {level: debug, format: json}
reload: {poll: 3s}
control: {socket: run/it.sock}
web:
  listen: 127.0.0.1:9464
  public_url: https://desk.example.com/escalations/
  links: {acknowledge_for: 3d, survey_for: 60d}
  key_file: keys
heartbeat: {url: https://alarm.example.com/ping, every: 5m}
survey_url: https://survey.example.com/?t={{ticket}}
"""
    )

    assert settings.store_url() == "sqlite:////var/lib/x.db"
    assert settings.rules == tmp_path / "policy/rules"
    assert list(settings.channels) == ["terminal", "protocol"]
    assert settings.channels["protocol"].resolved("protocol") == {
        "kind": "file",
        "path": str(tmp_path / "out/sent.jsonl"),
    }
    assert settings.customer_limits.gap == timedelta(hours=26)
    assert settings.customer_limits.per_day == 3
    assert settings.staff_limit == Rate(20, timedelta(hours=2))
    assert settings.channel_limits == {"terminal": Rate(30, timedelta(minutes=1))}
    assert settings.timezone.key == "Europe/Berlin"
    assert settings.every == timedelta(seconds=90)
    assert settings.batch == 100
    assert (settings.log.level, settings.log.format) == ("debug", "json")
    assert settings.reload.poll == timedelta(seconds=3)
    assert settings.control_socket() == tmp_path / "run/it.sock"
    assert settings.web == Address("127.0.0.1", 9464)
    assert settings.links is not None
    assert settings.links.public_url == "https://desk.example.com/escalations"
    assert settings.links.acknowledge_for == timedelta(days=3)
    assert settings.links.survey_for == timedelta(days=60)
    assert settings.heartbeat is not None
    assert settings.heartbeat.address() == "https://alarm.example.com/ping"
    assert settings.heartbeat.every == timedelta(minutes=5)
    assert settings.survey_url == "https://survey.example.com/?t={{ticket}}"


@pytest.mark.parametrize(
    "written, resolved",
    [
        ("sqlite:///var/x.db", "sqlite:///{folder}/var/x.db"),
        ("sqlite:////abs/x.db", "sqlite:////abs/x.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
    ],
)
def test_a_store_in_a_file_lies_beside_the_config(
    load: Load, tmp_path: Path, written: str, resolved: str
) -> None:
    url = load(f"store: {{url: '{written}'}}").store_url()

    assert url == resolved.format(folder=tmp_path)


@pytest.mark.parametrize(
    "store, socket",
    [
        ("sqlite:////var/lib/x.db", "/var/lib/x.db.sock"),
        ("sqlite:///x.db", "{folder}/x.db.sock"),
        ("sqlite://", "{folder}/escalatord.sock"),
        ("postgresql://u@h/d", "{folder}/escalatord.sock"),
    ],
)
def test_the_control_socket_lies_beside_the_stores_file(
    load: Load, tmp_path: Path, store: str, socket: str
) -> None:
    settings = load(f"store: {{url: '{store}'}}")

    assert str(settings.control_socket()) == socket.format(folder=tmp_path)


@pytest.mark.parametrize(
    "written, host, port",
    [
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("localhost:9464", "localhost", 9464),
        ("'[::1]:9464'", "::1", 9464),
    ],
)
def test_an_address_to_listen_on_has_a_host_and_a_port(
    load: Load, written: str, host: str, port: int
) -> None:
    settings = load(f"web: {{listen: {written}}}")

    assert settings.web == Address(host, port)
    assert settings.warnings == ()


def test_the_web_can_be_switched_off(load: Load) -> None:
    assert load("web: {listen: off}").web is None


def test_listening_beyond_this_machine_is_warned_of(load: Load) -> None:
    (warning,) = load("web: {listen: 0.0.0.0:9464}").warnings

    assert "other machines can read health and metrics" in warning


def test_a_heartbeats_address_may_be_a_secret(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ping").write_text("https://alarm.example.com/ping/1234\n")
    from_file = load("heartbeat: {url_file: ping}").heartbeat
    monkeypatch.setenv("PING", "no address")
    from_environment = load("heartbeat: {url_env: PING}").heartbeat

    assert from_file is not None
    assert from_file.address() == "https://alarm.example.com/ping/1234"
    assert from_environment is not None
    with pytest.raises(ConfigError, match="the secret is no web address"):
        from_environment.address()


@pytest.mark.parametrize("where", ["url: https://alarm.example.com/ping", "url_env: PING"])
def test_nobody_outside_hears_the_heart_of_a_replay(load: Load, where: str) -> None:
    replay = f"{DESK}    replay: {{from: 2016-03-02}}\n"

    (fault,) = faults(load, f"{replay}heartbeat: {{{where}}}\n")

    assert "the heartbeat reaches beyond this machine, and 'desk' replays" in fault
    assert load(f"{replay}heartbeat: {{url: http://127.0.0.1:8080/ping}}\n").heartbeat


@pytest.mark.parametrize("written", ["off", "0", "0s"])
def test_looking_at_the_rule_files_can_be_switched_off(load: Load, written: str) -> None:
    assert load(f"reload: {{poll: {written}}}").reload.poll == timedelta(0)


def test_paths_begin_at_the_config_file_wherever_the_process_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "config.yaml").write_text("rules: r\n")
    monkeypatch.chdir(tmp_path)

    assert load_settings("etc/config.yaml").rules == tmp_path / "etc" / "r"


def test_texts_stay_what_was_typed(load: Load) -> None:
    text = DESK.replace(
        "status: State",
        "status: {column: on, values: {NO: open, 1: new, 2016-03-02: closed, 17:30: resolved}}",
    )
    options = load(text).helpdesks["desk"]

    assert isinstance(options, FileOptions)
    assert options.columns.status is not None
    assert options.columns.status.column == "on"
    assert list(options.columns.status.values or {}) == ["NO", "1", "2016-03-02", "17:30"]


def test_the_config_of_the_contract_is_understood(load: Load) -> None:
    settings = load(
        """\
helpdesks:
  desk:
    kind: file
    path: log.csv            # or .jsonl; a glob is allowed
    layout: event_log        # a row an event; or snapshot: a row a ticket
    encoding: utf-8
    delimiter: ","
    missing: ["", "?"]
    timezone: UTC            # for stamps without a zone
    columns:
      id: Case
      at: {column: Time, format: "%d-%m-%Y %H:%M"}
      opened: {first: event} # or a column
      subject: Title
      status: {column: Activity, values: {Open: open, Wait: pending_customer, Done: resolved},
        otherwise: keep_previous}
      priority: {column: P, values: {"1": urgent}, otherwise: medium}
      type: Category
      customer.id: Caller
      group: Team
      assignee: Agent
      fields.site: Site
    messages:
      - {where: {Activity: [Reply]}, from: agent, public: true}
      - {where: {Activity: [Customer wrote]}, from: customer}
    replay: {from: 2016-03-02T16:00, speed: 600}     # optional
"""
    )
    replay = settings.replay

    assert replay is not None
    assert replay.helpdesk == "desk"
    assert replay.begin == datetime(2016, 3, 2, 16, 0, tzinfo=UTC)
    assert replay.speed == 600


def test_a_replay_begins_in_the_zone_of_its_helpdesk(load: Load) -> None:
    text = DESK + "    timezone: Europe/Berlin\n    replay: {from: 2016-03-02T16:00}\n"
    replay = load(text).replay

    assert replay is not None
    assert replay.begin == datetime(2016, 3, 2, 15, 0, tzinfo=UTC)
    assert replay.speed == 1


# --- its faults ----------------------------------------------------------------------------------


def test_every_fault_is_told_in_one_pass_in_the_order_of_the_file(load: Load) -> None:
    told = faults(
        load,
        """\
rulez: x
every: 30
timezone: UTCC
channels:
  mail: {kind: smpt}
helpdesks:
  desk:
    kind: file
    path: x.csv
    columns: {id: Case, at: Time, status: {column: S, values: {Open: opne}}}
""",
    )

    assert told == [
        "config.yaml:1:1: error[unknown-key] unknown key 'rulez': did you mean 'rules'?",
        "config.yaml:2:8: error[duration] '30' has no unit: write 30m, 30h or 30d",
        "config.yaml:3:11: error[time-zone] there is no time zone 'UTCC': did you mean 'UTC'?",
        "config.yaml:5:16: error[kind] 'smpt' is no kind of channels: did you mean 'smtp'?",
        "config.yaml:7:3: error[missing-key] 'layout' is missing: add layout: …",
        "config.yaml:10:70: error[status] 'opne' is no status: did you mean 'open'?",
    ]


@pytest.mark.parametrize(
    "text, told",
    [
        ("rules: [", "1:9: error[yaml]"),
        ("a: b: c", "1:5: error[yaml]"),
        ("rules: a\n---\nrules: b", "2:1: error[yaml]"),
        ("rules: a\nrules: b", "2:1: error[duplicate-key] key 'rules' stands here again"),
        ("log: &x {level: *x}", "1:6: error[circular]"),
        ("rules: !!python/name:os.system x", "1:8: error[tag]"),
        ("- a", "1:1: error[not-a-mapping]"),
        ("store: {url: []}", "1:14: error[not-a-text] a list stands where a text should"),
        ("store: {url: a, url_env: B}", "1:8: error[store]"),
        ("customer_limits: {gap: 1h30}", "1:24: error[duration]"),
        ("customer_limits: {per_day: 0}", "1:28: error[too-small]"),
        ("customer_limits: {per_day: five}", "1:28: error[not-a-number]"),
        ("staff_limits: {messages: 0, per: 1h}", "1:26: error[too-small]"),
        ("staff_limits: {messages: 5}", "1:1: error[missing-key]"),
        ("channels: {m: {kind: console, limit: {messages: 5, per: 0s}}}", "1:57: error[duration]"),
        ("every: 0s", "1:8: error[duration]"),
        ("log: {level: loud}", "1:14: error[value] 'loud' means nothing here"),
        ("log: {format: text}", "1:15: error[value]"),
        ("survey_url: example.com", "1:13: error[url]"),
        ("language: klingon", "1:11: error[value]"),
        ("helpdesks: [a]", "1:12: error[not-a-mapping]"),
        ("helpdesks: {desk: file}", "1:19: error[not-a-mapping]"),
        ("helpdesks: {desk: {path: x}}", "1:13: error[missing-key] 'kind' is missing"),
        ("helpdesks: {customer: {kind: file}}", "1:13: error[name] 'customer' means a group"),
        ("channels: {'a b': {kind: console}}", "1:12: error[name]"),
        ("channels: {c: {kind: console, to: x}}", "1:31: error[unknown-key]"),
        ("reload: {poll: 10}", "1:16: error[duration]"),
        ("reload: {poll: never}", "1:16: error[duration]"),
        ("web: {listen: 9464}", "1:15: error[address]"),
        ("web: {listen: 'localhost:'}", "1:15: error[address]"),
        ("web: {listen: 127.0.0.1:70000}", "1:15: error[port]"),
        ("heartbeat: {every: 1m}", "1:12: error[heartbeat]"),
        ("heartbeat: {url: ftp://x, every: 1m}", "1:18: error[url]"),
        ("heartbeat: {url: https://x, url_env: Y}", "1:12: error[heartbeat]"),
        ("heartbeat: {url: https://x, every: 0s}", "1:36: error[duration]"),
        ("control: {sokcet: x}", "1:11: error[unknown-key]"),
        ("channels: {f: {kind: file}}", "1:12: error[missing-key] 'path' is missing"),
        ("channels: {m: {kind: smtp, host: h}}", "1:12: error[missing-key] 'from' is missing"),
        ("channels: {m: {kind: smtp, host: h, from: f, port: 70000}}", "1:52: error[port]"),
        ("channels: {m: {kind: smtp, host: h, from: f, tls: ssl}}", "1:51: error[value]"),
        ("channels: {m: {kind: smtp, host: h, from: f, timeout: 0s}}", "1:55: error[duration]"),
    ],
)
def test_a_fault_is_told_with_its_place(load: Load, text: str, told: str) -> None:
    assert any(line.startswith(f"config.yaml:{told}") for line in faults(load, text))


@pytest.mark.parametrize(
    "before, after, told",
    [
        ("Time, ", "Time, at: T, ", "[duplicate-key]"),
        ("at: Time, ", "", "[missing-key] an event log needs the time of each row"),
        ("id: Case, ", "", "[missing-key] 'id' is missing"),
        ("status: State", "staus: State", "[unknown-key] unknown key 'staus': did you mean 'st"),
        ("status: State", "customer.nam: N", "did you mean 'customer.name'?"),
        ("status: State", "fields.a: {columm: N}", "did you mean 'column'?"),
        ("status: State", "status: {values: {}}", "[column] a field needs a column"),
        ("status: State", "status: {column: S, value: open}", "[column]"),
        ("status: State", "status: {column: S, otherwise: keep_prev}", "'keep_previous'?"),
        ("status: State", "priority: {column: S, values: {a: hgh}}", "did you mean 'high'?"),
        ("status: State", "opened: {first: row}", "[value] 'row'"),
        ("status: State", "opened: {first: event, column: O}", "[opened]"),
        ("at: Time", 'at: {column: T, format: "%d.%m. %H"}', "[format]"),
        ("at: Time", "at: {column: T, format: DD-MM-YYYY}", "[format]"),
        ("event_log", "eventlog", "[layout] 'eventlog' is no layout: did you mean 'event_log'?"),
        ("event_log", "snapshot", "a snapshot does not tell when a ticket was opened"),
        ("kind: file", "kind: file\n    encoding: utf-99", "[encoding] there is no encoding"),
        ("kind: file", "kind: file\n    encoding: utf-16", "[encoding] files in 'utf-16'"),
        ("kind: file", "kind: file\n    delimiter: '::'", "[delimiter]"),
        ("kind: file", "kind: file\n    timezone: UTC+1", "[time-zone]"),
        ("kind: file", "kind: file\n    missing: {a: b}", "[not-a-list]"),
        ("kind: file", "kind: file\n    messages: [{from: agent}]", "'where' is missing"),
        (
            "kind: file",
            "kind: file\n    messages: [{where: {A: x}, from: agnt}]",
            "[author] 'agnt' writes no messages: did you mean 'agent'?",
        ),
        ("kind: file", "kind: file\n    replay: {from: now}", "[date] 'now' is no instant"),
        ("kind: file", "kind: file\n    replay: {from: 2016-03-02, speed: 0}", "[speed]"),
        ("kind: file", "kind: file\n    replay: {from: 2016-03-02, speed: x}", "[not-a-number]"),
        ("path: log.csv", "path: ''", "[path]"),
    ],
)
def test_a_fault_of_a_file_helpdesk_is_told(load: Load, before: str, after: str, told: str) -> None:
    assert any(told in line for line in faults(load, DESK.replace(before, after, 1)))


@pytest.mark.parametrize(
    "more",
    [
        "status: {column: S, otherwise: keep_previous}}",
        "event_id: E}",
        "status: S}\n    messages: [{where: {A: x}, from: agent}]",
    ],
)
def test_what_needs_rows_that_are_events_is_refused_for_a_snapshot(load: Load, more: str) -> None:
    text = DESK.replace("event_log", "snapshot").replace("status: State}", f"opened: O, {more}")

    assert any("a snapshot has no" in line for line in faults(load, text))


def test_a_fault_is_one_line_and_no_dump(load: Load) -> None:
    for line in faults(load, DESK.replace("Case", "[]") + "x: {y: {z: 1}}\nevery: []\n"):
        assert re.fullmatch(r"config\.yaml:\d+:\d+: error\[[a-z_-]+\] .+", line)
        assert "pydantic" not in line
        assert "input_value" not in line


def test_faults_come_as_values_too(load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load("rulez: x")
    (problem,) = caught.value.problems

    assert (problem.file, problem.line, problem.column, problem.end_column) == (
        "config.yaml",
        1,
        1,
        6,
    )
    assert problem.help == "did you mean 'rules'?"


def test_a_file_that_is_not_there_is_named(load: Load) -> None:
    del load
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot read the config file"):
        load_settings("nowhere.yaml")


def test_bytes_that_are_no_utf8_are_told_with_their_line(load: Load, tmp_path: Path) -> None:
    del load
    (tmp_path / "latin.yaml").write_bytes(b"rules: r\n# f\xfcr uns\n")

    with pytest.raises(SettingsError, match=r"latin\.yaml:2:1: error\[encoding\]"):
        load_settings("latin.yaml")


def test_aliases_cannot_blow_a_file_up(load: Load) -> None:
    bombs = "\n".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert any("[too-large]" in line for line in faults(load, "a: &a [x, x]\n" + bombs))


def test_nesting_without_end_is_a_fault(load: Load) -> None:
    assert any("[yaml]" in line for line in faults(load, "a: " + "[" * 5000))


# --- replay --------------------------------------------------------------------------------------

REPLAY = DESK + "    replay: {from: 2016-03-02T16:00, speed: 600}\n"
MAIL = "channels: {{mail: {{kind: smtp, host: '{host}', from: a@example.com}}}}\n"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_a_replay_may_stand_beside_a_mail_server_on_this_machine(load: Load, host: str) -> None:
    assert load(REPLAY + MAIL.format(host=host)).replay is not None


@pytest.mark.parametrize("host", ["mail.example.com", "192.0.2.1", "localhost.example.com", "::2"])
def test_a_replay_beside_a_mail_server_elsewhere_is_refused(load: Load, host: str) -> None:
    (told,) = faults(load, REPLAY + MAIL.format(host=host))

    assert "error[replay] 'mail' reaches beyond this machine, and 'desk' replays the past" in told


def test_a_mail_server_elsewhere_is_fine_without_a_replay(load: Load) -> None:
    assert load(DESK + MAIL.format(host="mail.example.com")).replay is None


def test_there_is_one_replay_only(load: Load) -> None:
    second = REPLAY.replace("helpdesks:\n", "").replace("desk:", "other:")

    (told,) = faults(load, REPLAY + second)

    assert "config.yaml:13:13: error[replay] 'desk' has a replay already" in told


# --- secrets -------------------------------------------------------------------------------------

SMTP = "channels: {{m: {{kind: smtp, host: localhost, from: a@example.com, {rest}}}}}\n"


def test_a_secret_in_the_file_is_refused_and_not_repeated(load: Load) -> None:
    told = faults(load, SMTP.format(rest="username: u, password: hunter2"))

    assert any("secrets do not stand in this file; write password_file" in line for line in told)
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize("kind", ["password_file", "password_env", "credential"])
def test_a_secret_is_read_from_its_place(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MAIL_SECRET", "hunter2")
    place = "MAIL_SECRET" if kind == "password_env" else "secret"
    settings = load(SMTP.format(rest=f"username: u, {kind}: {place}"))

    assert settings.channels["m"].resolved("m")["password"] == "hunter2"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "rest, named",
    [
        ("password_file: nowhere", r"m\.password: cannot read the secret in .*nowhere: No such"),
        ("password_env: NOT_SET", r"m\.password: .*environment variable NOT_SET is missing"),
        ("credential: smtp", r"m\.password: there is no credential 'smtp'.*LoadCredential="),
        ("password_file: empty", r"m\.password: the secret in .*empty is missing or empty"),
    ],
)
def test_a_secret_that_is_missing_is_named_by_whoever_needs_it(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: str, named: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("NOT_SET", raising=False)
    settings = load(SMTP.format(rest=f"username: u, {rest}"))

    with pytest.raises(ConfigError, match=named):
        settings.channels["m"].resolved("m")


def test_a_credential_keeps_its_other_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a\nb\n\n")

    assert Secret("x", file=tmp_path / "s").read() == "a\nb\n"


def test_the_url_of_a_store_can_be_a_secret(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE", "sqlite:///x.db")
    settings = load("store: {url_env: STORE}")

    assert settings.store_url() == f"sqlite:///{tmp_path}/x.db"
    monkeypatch.delenv("STORE")
    with pytest.raises(ConfigError, match=r"store\.url: .*environment variable STORE is missing"):
        settings.store_url()


def test_a_password_in_the_url_of_a_store_is_warned_of_and_not_shown(load: Load) -> None:
    settings = load("store: {url: postgresql://u:hunter2@localhost/d}")

    assert "store.url holds a password" in settings.warnings[0]
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.warnings[0]


@pytest.mark.parametrize(
    "rest, told",
    [
        ("username: u", "a username and its password belong together"),
        ("password_env: X", "a username and its password belong together"),
        ("username: u, password_env: X, credential: c", "stands in several places"),
    ],
)
def test_a_login_is_whole_or_not_there(load: Load, rest: str, told: str) -> None:
    assert any(told in line for line in faults(load, SMTP.format(rest=rest)))


OAUTH = "token_url: 'https://login.example/token', client_id: us, client_secret_env: S"


def test_access_tokens_are_got_by_what_stands_in_its_place(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S", "hunter2")
    (tmp_path / "granted").write_text("hunter3\n")
    rest = f"username: u, oauth: {{{OAUTH}, refresh_token_file: granted, scope: mail}}"
    settings = load(SMTP.format(rest=rest))

    grant = settings.channels["m"].resolved("m")["oauth"]
    assert isinstance(grant, Grant)
    assert grant.read() == {
        "grant_type": "refresh_token",
        "client_id": "us",
        "client_secret": "hunter2",
        "refresh_token": "hunter3",
        "scope": "mail",
    }
    assert "hunter" not in repr(settings) + repr(grant)


def test_what_access_tokens_are_got_by_is_missed_at_the_start(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("S", raising=False)
    settings = load(SMTP.format(rest=f"username: u, oauth: {{{OAUTH}}}"))

    with pytest.raises(ConfigError, match=r"m\.oauth\.client_secret: .*variable S is missing"):
        settings.channels["m"].resolved("m")


@pytest.mark.parametrize(
    "rest, told",
    [
        (f"oauth: {{{OAUTH}}}", "a username and its password belong together"),
        (f"username: u, password_env: X, oauth: {{{OAUTH}}}", "stands in several places"),
        (f"username: u, oauth: {{{OAUTH}, client_secret_file: f}}", "client secret stands in sev"),
        ("username: u, oauth: {token_url: 'https://x/t', client_id: us}", "client_secret_file: P"),
        ("username: u, oauth: {client_id: us, client_secret_env: S}", "'token_url' is missing"),
        (f"username: u, oauth: {{{OAUTH}, token: x}}", "secrets do not stand in this file"),
        (f"username: u, oauth: {{{OAUTH}, client_secret: x}}", "write client_secret_file, client_"),
        (f"username: u, oauth: {{{OAUTH.replace('https', 'http')}}}", "the secret in the clear"),
        (f"username: u, oauth: {{{OAUTH.replace('https:', '')}}}", "no address of a token server"),
        (f"username: u, oauth: {{{OAUTH.replace('login', 'x:y@login')}}}", "no address of a token"),
        (f"username: u, oauth: {{{OAUTH.replace('example', 'example:x')}}}", "no address of a tok"),
    ],
)
def test_access_by_oauth_is_whole_and_safe(load: Load, rest: str, told: str) -> None:
    assert any(told in line for line in faults(load, SMTP.format(rest=rest)))


def test_a_password_is_not_sent_in_the_clear(load: Load) -> None:
    text = SMTP.format(rest="username: u, password_env: X").replace("localhost", "mail.example")

    assert any(
        "error[tls] the password would be sent in the clear" in x for x in faults(load, text)
    )
    assert load(text.replace("username", "tls: starttls, username")).channels


def test_channels_open_with_what_settings_give_them(load: Load, tmp_path: Path) -> None:
    settings = load(
        "channels:\n"
        "  c: {kind: console}\n"
        "  f: {kind: file, path: sent.jsonl}\n"
        "  m: {kind: smtp, host: mail.example, from: Desk <a@example.com>, tls: tls, timeout: 5s}\n"
    )
    clock = SystemClock()
    with (tmp_path / "console").open("w") as stream:
        around = Surroundings(clock, clock.monotonic, stream, settings.folder)
        opened = [
            open_channel(name, options.resolved(name), around)
            for name, options in settings.channels.items()
        ]

    assert [channel.name for channel in opened] == ["c", "f", "m"]


LINKED = "web: {{listen: 127.0.0.1:9464, public_url: 'https://desk.example.com'{more}}}"


def test_links_are_good_for_a_week_and_surveys_for_a_month(load: Load) -> None:
    links = load(LINKED.format(more="")).links

    assert links is not None
    assert (links.acknowledge_for, links.survey_for) == (timedelta(days=7), timedelta(days=30))
    assert links.keys() is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:9464", "http://localhost/x", "http://[::1]:80"])
def test_plain_http_is_for_this_machine(load: Load, url: str) -> None:
    links = load(LINKED.format(more="").replace("https://desk.example.com", url)).links

    assert links is not None
    assert links.public_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example.com",
        "desk.example.com",
        "https://",
        "https://desk.example.com?x=1",
        "https://desk.example.com#x",
        "https://ann:pw@desk.example.com",
        "https://desk.example.com:port",
        "https://[::1",
    ],
)
def test_where_links_begin_is_a_safe_address(load: Load, url: str) -> None:
    (fault,) = faults(load, LINKED.format(more="").replace("https://desk.example.com", url))

    assert ":1:43: error[url]" in fault


def test_links_need_somebody_who_serves_them(load: Load) -> None:
    (fault,) = faults(load, "web: {public_url: 'https://desk.example.com'}")

    assert ":1:6: error[web] public_url promises pages that nothing serves" in fault


def test_the_key_of_the_links_stands_in_one_place(load: Load) -> None:
    (fault,) = faults(load, LINKED.format(more=", key_file: a, key_env: B"))

    assert ":1:6: error[web]" in fault


def test_keys_stand_one_to_a_line_the_newest_first(load: Load, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("the newest of the keys\n\n  one that was before it  \n")
    links = load(LINKED.format(more=", key_file: keys")).links

    assert links is not None
    assert links.keys() == ("the newest of the keys", "one that was before it")
    assert "newest" not in repr(links)


@pytest.mark.parametrize("keys", ["short", "long enough to be good\nshort"])
def test_a_key_that_could_be_guessed_is_refused_and_not_told(
    load: Load, tmp_path: Path, keys: str
) -> None:
    (tmp_path / "keys").write_text(keys)
    links = load(LINKED.format(more=", key_file: keys")).links

    assert links is not None
    with pytest.raises(ConfigError, match="fewer than 16 characters") as refused:
        links.keys()
    assert "short" not in str(refused.value)
