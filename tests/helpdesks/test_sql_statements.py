"""What of the config file is a query that only reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from engine.helpdesks.sql.statement import Statement, StatementError
from engine.settings import SettingsError
from tests.helpdesks.worlds import options_of

KNOWN = frozenset({"since"})


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "select 1;",
        "  -- a comment; with a semicolon\n SELECT 1 -- and an end",
        "/* DELETE */ SELECT 1;\n-- done\n",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT 'DELETE FROM x; DROP TABLE y' AS words",
        "SELECT 'it''s' AS a, 'it\\'s; fine' AS b",
        'SELECT "update" FROM t',
        "SELECT `update`, t.delete FROM t",
        "SELECT $$ DROP; $$",
        "SELECT updated_at, deleted FROM created",
    ],
)
def test_one_query_that_reads_is_taken(query: str) -> None:
    assert Statement.parse(query, KNOWN).binds == ()


@pytest.mark.parametrize(
    "query, message",
    [
        ("", "it is empty"),
        ("UPDATE t SET a = 1", "begins with UPDATE"),
        ("PRAGMA writable_schema = 1", "begins with PRAGMA"),
        ("SELECT 1; SELECT 2", "more after the semicolon"),
        ("SELECT 1; DROP TABLE t", "more after the semicolon"),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "DELETE has no place"),
        ("SELECT * INTO other FROM t", "INTO has no place"),
        ("SELECT * FROM t FOR UPDATE", "UPDATE has no place"),
        ("SELECT 'never closed", "opened and never closed"),
        ("SELECT /* never closed", "opened and never closed"),
        ("SELECT * FROM t WHERE a = :after", "nobody fills in :after"),
    ],
)
def test_everything_else_is_refused(query: str, message: str) -> None:
    with pytest.raises(StatementError, match=message) as raised:
        Statement.parse(query, KNOWN)
    assert raised.value.help


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ':since', \":since\", 'a :b c'",
        "SELECT now()::text, '12:30'::time, a[1:2] FROM t -- :nobody",
    ],
)
def test_what_only_looks_like_a_place_stays_as_it_is(query: str) -> None:
    statement = Statement.parse(query, KNOWN)

    assert statement.binds == ()
    assert str(text(statement.text)).replace("\\", "") == query


def test_a_place_is_filled_in() -> None:
    statement = Statement.parse("SELECT * FROM t WHERE at >= :since AND b = ':x'", KNOWN)

    assert statement.binds == ("since",)
    assert list(text(statement.text)._bindparams) == ["since"]  # noqa: SLF001


# --- with its place in the config file -----------------------------------------------------------

GOOD = "columns: {id: id, opened: opened, status: status}"


@pytest.mark.parametrize(
    "entry, code, said",
    [
        ("tickets: {query: DROP TABLE t, columns: {id: id, opened: o}}", "query", "no query"),
        ("tickets: {query: SELECT 1, columns: {id: id}}", "missing-key", "opened"),
        (
            f"tickets: {{query: SELECT 1, {GOOD}}}, ticket: {{query: SELECT 1}}",
            "query",
            "asks for no ticket",
        ),
        (
            f"tickets: {{query: 'SELECT 1 WHERE a > :since', {GOOD}}}",
            "since",
            "no column tells what it means",
        ),
        (
            (
                "tickets: {query: SELECT 1, columns: {id: id, opened: o, status: "
                "{column: s, otherwise: keep_previous}}}"
            ),
            "otherwise",
            "no previous row",
        ),
        (
            (
                f"tickets: {{query: SELECT 1, {GOOD}}}, messages: {{query: SELECT 1, columns:"
                " {ticket: t, at: a, from: {column: w, values: {M: client}}}}"
            ),
            "author",
            "'client' writes nothing",
        ),
        (
            (
                f"tickets: {{query: SELECT 1, {GOOD}}}, events: {{query: SELECT 1, columns:"
                " {ticket: t, at: a, after: v, field: {column: f, values: {s: state}}}}"
            ),
            "field",
            "'state' is no field that the tickets have",
        ),
        (f"tickets: {{query: SELECT 1, {GOOD}}}, write_back: {{}}", "write-back", "one way"),
        (
            f"tickets: {{query: SELECT 1, {GOOD}}}, write_back: {{command: set-ticket}}",
            "command",
            "no list of a program",
        ),
        (
            f"tickets: {{query: SELECT 1, {GOOD}}}, write_back: {{command: [x, '{{nothing}}']}}",
            "command",
            "nothing stands for {nothing}",
        ),
        (
            f"tickets: {{query: SELECT 1, {GOOD}}}, write_back: {{webhook: nowhere}}",
            "unknown-channel",
            "no channel 'nowhere'",
        ),
    ],
)
def test_a_fault_has_a_code_and_a_place(tmp_path: Path, entry: str, code: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        options_of(tmp_path, f"{{kind: sql, url: 'sqlite:///desk.db', {entry}}}")

    (problem,) = raised.value.problems
    assert problem.code == code
    assert said in problem.message
    assert problem.line == 2
    assert problem.help


@pytest.mark.parametrize(
    "url, code",
    [
        ("url: 'postgresql://ann:secret@host/desk'", "open-secret"),
        ("url: desk.db", "url"),
        ("url: 'sqlite:///a', url_env: DESK", "url"),
        ("missing: ['?']", "url"),
    ],
)
def test_a_url_is_one_and_holds_no_password(tmp_path: Path, url: str, code: str) -> None:
    with pytest.raises(SettingsError) as raised:
        options_of(tmp_path, f"{{kind: sql, {url}, tickets: {{query: SELECT 1, {GOOD}}}}}")

    (problem,) = raised.value.problems
    assert problem.code == code
    assert "secret" not in problem.message
