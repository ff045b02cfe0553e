"""From a folder of rule files to one immutable generation, or to all that is wrong with them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from engine.domain.rule import Generation, Receiver, Rule
from engine.domain.silence import SilentHours
from engine.errors import Problem
from engine.rulebook.calendars import read_calendars
from engine.rulebook.fields import Fields
from engine.rulebook.files import (
    FoundFile,
    decode,
    except_for,
    find_rule_files,
    find_templates,
    read_bytes,
)
from engine.rulebook.fingerprint import generation_id
from engine.rulebook.names import Names
from engine.rulebook.nodes import ListNode, MapNode, Node, ScalarNode, Span, is_nothing, kind_of
from engine.rulebook.receivers import read_receivers
from engine.rulebook.report import Report
from engine.rulebook.rules import Draft, draft_rules, read_rules
from engine.rulebook.silences import read_silences
from engine.rulebook.templates import AUDIENCES, read_templates, template_names
from engine.rulebook.values import clipped, wrong_type
from engine.rulebook.written import Written, WrittenCalendar, WrittenRule, WrittenTemplate
from engine.rulebook.yaml_file import UnusableYamlError, compose

SECTIONS = {
    "version": "The version of the rule language; 1.",
    "calendars": "When teams are there, by name. `always` is built in.",
    "receivers": "Who is told, by name. `assignee` and `group` are built in.",
    "rules": "What to watch, when to act and what to do. Rules run in this order.",
    "silences": "Recurring hours in which rules wait, by name.",
}
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What reading the rules came to.

    Attributes:
        generation: The rules; None when there is any error.
        problems: Errors and warnings by file, line and column.
        files: The rule files that were read, as the person named them, by path.
        sources: The text of every file that could be read, templates too, to show places in it.
        rule_count: How many rules were found, sound or not.
        written: What was found, with its places.
    """

    generation: Generation | None
    problems: tuple[Problem, ...]
    files: tuple[str, ...]
    sources: Mapping[str, str]
    rule_count: int
    written: Written = field(default=Written(), repr=False, compare=False)


def load(
    folder: Path | Sequence[Path],
    *,
    channels: frozenset[str] | None = None,
    beside: Sequence[Path] = (),
) -> Loaded:
    """Read, check and resolve rule files; never raises for what is in them.

    1. Read all files; those that are no UTF-8 or no YAML drop out, with an error.
    2. Enter the names of templates, calendars, receivers and rules over all files.
    3. Read receivers, rules and silences, which use these names.
    4. Where nothing is wrong, put the generation together.

    Args:
        folder: The rules folder, or several folders and files. A folder is read with all below
            it, `tests/` and `templates/` aside; `*.test.yaml` are no rule files.
        channels: The names of the config file's channels; None when they are not known.
        beside: Folders whose calendars, receivers, templates and rules may be named too, where
            what is read does not define them itself. Their rules are not in the generation.
    """
    paths = [folder] if isinstance(folder, Path) else list(folder)
    return _Loader(channels).load(paths, beside)


class _Loader:
    """One pass over all files."""

    def __init__(self, channels: frozenset[str] | None) -> None:
        self._report = Report()
        self._names = Names(channels=channels)
        self._sources: dict[str, str] = {}
        self._contents: list[tuple[str, bytes]] = []

    def load(self, paths: Sequence[Path], beside: Sequence[Path]) -> Loaded:
        """The steps of `load`, in order."""
        files = find_rule_files(paths, self._report)
        others = except_for(files, find_rule_files(beside, self._report))
        self._names.are_complete = not self._report.has_errors
        templates = self._read_templates([*paths, *beside])
        documents = [part for file in files if (part := self._read_sections(file)) is not None]
        around = [part for file in others if (part := self._read_sections(file)) is not None]
        self._read_calendars(documents)
        self._read_calendars(around, frozenset(self._names.calendars))
        receivers = self._read_receivers(documents)
        receivers |= self._read_receivers(around, frozenset(self._names.receivers))
        drafts = [draft for part in documents for draft in self._draft(part)]
        self._enter_rules(around)
        rules = read_rules(drafts, self._names, self._report)
        silences = self._read_silences(documents)
        self._require_default([*documents, *around])
        generation = self._assemble(rules, receivers, templates, silences)
        written = Written(templates=templates)
        if generation is not None:
            pairs = zip(rules, drafts, strict=True)
            written = Written(
                rules=tuple(WrittenRule(rule, one.node) for rule, one in pairs),
                calendars=tuple(self._calendars(documents)),
                receivers=tuple(receivers.values()),
                templates=templates,
            )
        return Loaded(
            generation=generation,
            problems=self._report.sorted(),
            files=tuple(file.shown for file in files),
            sources=MappingProxyType(self._sources),
            rule_count=len(drafts),
            written=written,
        )

    def _read_templates(self, paths: Sequence[Path]) -> tuple[WrittenTemplate, ...]:
        texts = []
        for file in find_templates(paths, AUDIENCES):
            text = self._read(file)
            if text is not None:
                texts.append((file, text))
        templates = read_templates(texts, self._report)
        self._names.templates = template_names(one.template for one in templates)
        return templates

    def _read(self, file: FoundFile) -> str | None:
        """The text of a file; without it, what it defines stays unknown."""
        contents = read_bytes(file, self._report)
        text = None if contents is None else decode(file, contents, self._report)
        if contents is None or text is None:
            self._names.are_complete = False
            if contents is not None:
                self._sources[file.shown] = contents.decode("utf-8", "replace")
            return None
        self._contents.append((file.relative, contents))
        self._sources[file.shown] = text
        return text

    def _read_sections(self, file: FoundFile) -> Fields | None:
        """The top of a rule file; None when it is empty or of no use."""
        text = self._read(file)
        try:
            root = None if text is None else compose(file.shown, text, self._report)
        except UnusableYamlError:
            self._names.are_complete = False
            return None
        if root is None:
            return None
        if not isinstance(root, MapNode):
            hint = "begin it with 'version: 1'"
            wrong_type(self._report, root, "a rule file", "a mapping", hint)
            self._names.are_complete = False
            return None
        sections = Fields(_without_empty_sections(root), SECTIONS, self._report)
        self._names.are_complete &= all(key.text in SECTIONS for key, _ in root.entries)
        _check_version(sections, self._report)
        return sections

    def _read_calendars(self, documents: Sequence[Fields], known: Container[str] = ()) -> None:
        """Enter calendars; those that are known by their name already are passed over."""
        places: dict[str, Span] = {}
        for part in documents:
            if (node := part.value("calendars")) is not None:
                self._names.are_complete &= isinstance(node, MapNode)
                read_calendars(_without(known, node), self._names, places, self._report)

    def _read_receivers(
        self, documents: Sequence[Fields], known: Container[str] = ()
    ) -> dict[str, Receiver]:
        """Enter receivers, and give them; those that are known already are passed over."""
        receivers: dict[str, Receiver] = {}
        for part in documents:
            if (node := part.value("receivers")) is not None:
                self._names.are_complete &= isinstance(node, MapNode)
                for receiver in read_receivers(_without(known, node), self._names, self._report):
                    receivers[receiver.name] = receiver
        return receivers

    def _enter_rules(self, documents: Sequence[Fields]) -> None:
        """Let rules be named that are not read; what is wrong with them is said elsewhere."""
        for part in documents:
            node = part.value("rules")
            for item in node.items if isinstance(node, ListNode) else ():
                name = item.get("id") if isinstance(item, MapNode) else None
                if isinstance(name, ScalarNode):
                    self._names.rules.setdefault(name.text.strip(), name.span)

    def _calendars(self, documents: Sequence[Fields]) -> Iterator[WrittenCalendar]:
        for part in documents:
            node = part.value("calendars")
            for key, value in node.entries if isinstance(node, MapNode) else ():
                calendar = self._names.calendars.get(key.text.strip())
                if calendar is not None and isinstance(value, MapNode):
                    yield WrittenCalendar(calendar, value)

    def _draft(self, sections: Fields) -> list[Draft]:
        node = sections.value("rules")
        if node is None:
            return []
        self._names.are_complete &= isinstance(node, ListNode)
        return draft_rules(node, self._names, self._report)

    def _read_silences(self, documents: Sequence[Fields]) -> tuple[SilentHours, ...]:
        places: dict[str, Span] = {}
        nodes = (part.value("silences") for part in documents)
        return tuple(
            silence
            for node in nodes
            if node is not None
            for silence in read_silences(node, self._names, places, self._report)
        )

    def _require_default(self, documents: Sequence[Fields]) -> None:
        """The last resort must exist as soon as anybody is to be told."""
        wanted_at = self._names.default_wanted_at
        if wanted_at is None or "default" in self._names.receivers or not self._names.are_complete:
            return
        given = (part.key("receivers") for part in documents if "receivers" in part)
        message = "the receiver 'default' is missing: it hears what no other can"
        hint = "write for example default: [{channel: email, to: support@example.com}]"
        self._report.error(next(given, wanted_at), "no-default", message, hint)

    def _assemble(
        self,
        rules: tuple[Rule, ...],
        receivers: dict[str, Receiver],
        templates: tuple[WrittenTemplate, ...],
        silences: tuple[SilentHours, ...],
    ) -> Generation | None:
        if self._report.has_errors:
            return None
        known = MappingProxyType(receivers)
        texts = tuple(one.template for one in templates)
        return Generation(generation_id(self._contents), rules, known, texts, silences)


def _without_empty_sections(root: MapNode) -> MapNode:
    """A section without anything, as when all its rules are commented out, is as good as none."""
    return MapNode(
        root.span,
        tuple(
            (key, value)
            for key, value in root.entries
            if key.text == "version" or key.text not in SECTIONS or not is_nothing(value)
        ),
    )


def _without(known: Container[str], node: Node) -> Node:
    """A section without the names that are known already."""
    if not isinstance(node, MapNode):
        return node
    return MapNode(node.span, tuple(pair for pair in node.entries if pair[0].text not in known))


def _check_version(sections: Fields, report: Report) -> None:
    hint = f"begin the file with 'version: {VERSION}'"
    node = sections.required("version", hint)
    if node is None or (isinstance(node, ScalarNode) and node.text == VERSION):
        return
    found = clipped(node.text) if isinstance(node, ScalarNode) else kind_of(node)
    message = f"this program knows version {VERSION} of the rule language, not {found}"
    report.error(node.span, "version", message, f"write 'version: {VERSION}'")
