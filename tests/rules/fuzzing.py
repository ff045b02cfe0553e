"""Documents that nobody would write, each put through all of `check`; a program of its own.

It runs with bounded memory, and a watchdog looks at each document. It prints one JSON object: how
many documents there were of each kind, and every one that broke something.

    python -m tests.rules.fuzzing SEED MUTATIONS STRUCTURED
"""

from __future__ import annotations

import json
import random
import re
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

from engine.checking import check
from engine.insight.checked import as_json
from engine.rulebook import render_all, render_problem, render_summary
from engine.rulebook.schema import rules_schema
from tests.rules.monsters import monsters

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 3, 2)

MEMORY = 1 << 30
"""Bytes of address space: several times what an ordinary `check` takes."""

PATIENCE = 60
"""Seconds of processor time for one document; more is a hang, however busy the machine is."""

GOOD = [
    path.read_bytes()
    for folder in (
        "rules",
        "tests/bench/rules",
        "tests/oracle/rules",
        "tests/unit/rulebook/example",
    )
    for path in sorted((ROOT / folder).glob("*.yaml"))
]
BROKEN = [path.read_bytes() for path in sorted((ROOT / "tests/rules/broken").glob("*.yaml"))]
TEMPLATES = [path.read_bytes() for path in sorted((ROOT / "rules/templates").rglob("*.md"))]
TOKENS = re.compile(rb"[\w.%/+-]+|[^\w\s]|[ \t]+|\n")
ODD = [
    b"\x00", b"\xff", b"\xfe", b"\xc3", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"\r", b"\t",
    b"&a ", b"*a", b"<<: ", b"!x ", b"|\n", b">\n", b"? ", b": ", b"- ", b"{", b"}", b"[", b"]",
    b'"', b"'", b"#", b" #x", b"---\n", b"...\n", b"%YAML 1.2\n", b"null", b"~", b"true", b"9" * 40,
    b"-1", b"1e9", b"0x10", b".inf", b"99999w", b"0s", b"100001%", b"((((", b"\\",
    b"\xf0\x9f\x92\xa3",
    b"all: ", b"any: ", b"not: ", b"contains: ", b"matches: ", b"{{", b"}}", b"{%", b"%}",
]  # fmt: skip


class HangError(Exception):
    """A document took longer than any may."""


def watch(_: int, __: FrameType | None) -> None:
    raise HangError


class Trial:
    """One folder in which documents are tried, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.counts: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.broken: list[dict[str, str]] = []
        self._rules = folder / "rules.yaml"
        self._template = folder / "templates" / "customer" / "still-working.md"
        self._template.parent.mkdir(parents=True)
        self._template.write_bytes(b"---\nsubject: x\n---\nHello\n")

    def put(self, kind: str, document: bytes, *, is_template: bool = False) -> None:
        """Check a document, show its problems in every way, and note what became of it."""
        self.counts[kind] += 1
        target = self._template if is_template else self._rules
        before = target.read_bytes() if target.exists() else b""
        target.write_bytes(document)
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        try:
            self.outcomes[self._check()] += 1
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the finding
            what = f"{type(error).__name__}: {error}"[:300]
            self.broken.append({"kind": kind, "error": what, "document": repr(document[:2000])})
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            if is_template:
                target.write_bytes(before)

    def _check(self) -> str:
        loaded = check([self._rules], TODAY)
        errors = any(problem.severity == "error" for problem in loaded.problems)
        assert (loaded.generation is None) is errors
        assert render_summary(loaded)
        for problem in loaded.problems[:50]:
            source = loaded.sources.get(problem.file, "")
            assert problem.line >= 1
            assert 1 <= problem.column < problem.end_column
            for width in (None, 80):
                assert render_problem(problem, source, width)
        assert render_all(loaded) or not loaded.problems
        json.dumps(as_json(loaded.files, loaded.problems))
        return "errors" if errors else "warnings" if loaded.problems else "sound"


# --- mutations -----------------------------------------------------------------------------------


def mutated(chance: random.Random, document: bytes) -> bytes:
    """A document with a few bytes, lines or tokens changed."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        document = chance.choice((_bytes, _lines, _tokens, _tokens))(chance, document)
    return document


def _bytes(chance: random.Random, document: bytes) -> bytes:
    at = chance.randrange(len(document) + 1)
    length = chance.choice((0, 1, 1, 4))
    return (
        document[:at]
        + chance.choice([*ODD, b"", bytes([chance.randrange(256)])])
        + document[at + length :]
    )


def _lines(chance: random.Random, document: bytes) -> bytes:
    lines = document.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[other])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at] = b" " * chance.choice((1, 2)) + lines[at]
    return b"\n".join(lines)


def _tokens(chance: random.Random, document: bytes) -> bytes:
    tokens = TOKENS.findall(document)
    if not tokens:
        return document
    at = chance.randrange(len(tokens))
    other = chance.choice(TOKENS.findall(chance.choice(GOOD)))
    tokens[at : at + chance.choice((0, 1, 1, 2))] = [
        chance.choice((other, chance.choice(ODD), b""))
    ]
    return b"".join(tokens)


# --- structured documents, made from the schema --------------------------------------------------

NAMES = [
    "default", "office", "always", "boss", "assignee", "group", "one", "two", "three",
    "still-working", "billing", "tier-1", "tier-2", "escalation", "type", "fields.x",
]  # fmt: skip
PREFIX: dict[str, Any] = {
    "version": 1,
    "calendars": {"office": {"timezone": "UTC", "open": {"mon-fri": "09:00-17:00"}, "day": "8h"}},
    "receivers": {
        "default": [{"channel": "log", "to": "x"}],
        "boss": [{"channel": "log", "to": "y"}],
    },
}


class Writer:
    """Writes documents of the schema's shape, with names that are mostly there."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._schema: dict[str, Any] = rules_schema()

    def document(self) -> bytes:
        """A rule file of a few rules."""
        rules = [
            self._of({"$ref": "#/definitions/rule"}, 0) for _ in range(self._chance.randint(1, 4))
        ]
        for number, rule in enumerate(rules):
            rule["id"] = ("one", "two", "three", "four")[number]
            rule.setdefault("levels", [{"after": "4h"}])
            for key in list(rule):
                if key not in ("id", "levels", "match", "clock") and self._chance.random() < 0.6:
                    del rule[key]
        return json.dumps(
            {**PREFIX, "rules": rules}, ensure_ascii=self._chance.random() < 0.5
        ).encode()

    def _of(self, schema: dict[str, Any], depth: int) -> Any:  # noqa: ANN401 - whatever JSON holds
        if "$ref" in schema:
            return self._of(self._schema["definitions"][schema["$ref"].rpartition("/")[2]], depth)
        if "enum" in schema:
            return self._chance.choice(schema["enum"])
        if "anyOf" in schema and "properties" not in schema:
            return self._of(self._chance.choice(schema["anyOf"]), depth)
        kinds = schema.get("type", "string")
        return self._WRITE[kinds if isinstance(kinds, str) else kinds[0]](self, schema, depth)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        keys = list(schema.get("properties", {}))
        required = list(schema.get("required", ()))
        few = self._chance.sample(keys, min(len(keys), self._chance.choice((1, 1, 2, 3, 5))))
        if depth > 4:
            few = [key for key in few if key not in ("all", "any", "not")]
        if "oneOf" in schema:
            required += self._chance.choice(schema["oneOf"])["required"]
            few = [key for key in few if key not in ("after", "before")]
        return {
            key: self._of(schema["properties"][key], depth + 1)
            for key in dict.fromkeys(required + few)
        }

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        several = max(self._chance.choice((0, 1, 1, 2, 3)), schema.get("minItems", 0))
        return [self._of(schema["items"], depth + 1) for _ in range(several)]

    def _integer(self, schema: dict[str, Any], _: int) -> int:
        return int(schema["minimum"]) + self._chance.choice((0, 0, 1, 2, 5, 100))

    def _boolean(self, _: dict[str, Any], __: int) -> bool:
        return self._chance.random() < 0.5

    def _string(self, schema: dict[str, Any], _: int) -> str:
        chosen = self._chance.choice(NAMES)
        return self._chance.choice(schema["examples"]) if schema.get("examples") else chosen

    _WRITE: dict[str, Callable[..., Any]] = {  # noqa: RUF012 - never changed
        "object": _object,
        "array": _array,
        "integer": _integer,
        "boolean": _boolean,
        "string": _string,
    }


def documents(seed: int, mutations: int, structured: int) -> Iterator[tuple[str, bytes, bool]]:
    """All documents, the same for the same seed: kind, contents, whether it is a template."""
    chance = random.Random(seed)
    for name, document in monsters():
        yield f"monster:{name}", document, False
    for number in range(mutations):
        if number % 10 == 0:
            yield "mutated template", mutated(chance, chance.choice(TEMPLATES)), True
        elif number % 10 == 1:
            yield "mutated broken file", mutated(chance, chance.choice(BROKEN)), False
        else:
            yield "mutated good file", mutated(chance, chance.choice(GOOD)), False
    writer = Writer(chance)
    for number in range(structured):
        document = writer.document()
        if number % 4 == 0:
            yield "structured and mutated", mutated(chance, document), False
        else:
            yield "structured", document, False


def main(seed: int, mutations: int, structured: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, watch)
    with tempfile.TemporaryDirectory() as name:
        trial = Trial(Path(name))
        for kind, document, is_template in documents(seed, mutations, structured):
            trial.put(kind, document, is_template=is_template)
    told = {
        "counts": dict(Counter(kind.partition(":")[0] for kind in trial.counts.elements())),
        "outcomes": dict(trial.outcomes),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "broken": trial.broken,
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
