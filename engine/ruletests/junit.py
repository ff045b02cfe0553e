"""What a run came to, in the XML that CI servers read (JUnit as Jenkins has it)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from engine.rulebook import render_problem
from engine.ruletests.running import CaseResult, FileResult
from engine.ruletests.telling import failure_lines

_WIDTH: Final = 140
_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def as_junit(results: Sequence[FileResult]) -> bytes:
    """The document: a suite for each test file, a test case for each case."""
    root = Element("testsuites", name="escalatord test")
    for result in results:
        _add_suite(root, result)
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_suite(root: Element, result: FileResult) -> None:
    failures = sum(not case.is_good for case in result.results)
    suite = SubElement(
        root,
        "testsuite",
        name=_clean(result.file),
        tests=str(len(result.results) or int(not result.is_readable)),
        failures=str(failures),
        errors=str(int(not result.is_readable)),
        time=f"{sum(case.seconds for case in result.results):.3f}",
    )
    if not result.is_readable:
        broken = SubElement(suite, "testcase", classname=_clean(result.file), name="(not run)")
        shown = [render_problem(one, result.sources.get(one.file, "")) for one in result.problems]
        message = result.problems[0].message if result.problems else "not run"
        SubElement(broken, "error", message=_clean(message)).text = _clean("\n".join(shown))
    for case in result.results:
        _add_case(suite, case)


def _add_case(suite: Element, case: CaseResult) -> None:
    element = SubElement(
        suite,
        "testcase",
        classname=_clean(case.file),
        name=_clean(case.name),
        file=_clean(case.file),
        line=str(case.line),
        time=f"{case.seconds:.3f}",
    )
    if not case.is_good:
        wrong = sum(not pair.is_right for pair in case.pairs)
        message = f"{wrong} of {len(case.pairs)} lines of the timeline are wrong"
        failure = SubElement(element, "failure", message=message)
        failure.text = _clean("\n".join(failure_lines(case, _WIDTH)))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
