"""`check`: with or without a config file; as text, JSON and for GitHub; its exit codes."""

from __future__ import annotations

import os

import pytest

from tests.cli.desk import LATE, Desk, conforming

TYPO = LATE.replace("levels:", "levles:")


TESTED = "rules: [../rules.yaml]\ncases: []\n"


def test_good_rules_are_good(desk: Desk) -> None:
    desk.write("rules/tests/late.test.yaml", TESTED)

    ended = desk.run("check")

    assert (ended.code, ended.out, ended.err) == (0, "1 file, 1 rule: no problems\n", "")


def test_it_works_without_a_config_file(empty_desk: Desk) -> None:
    empty_desk.rules(TYPO)

    ended = empty_desk.run("check")

    assert ended.code == 1
    assert ended.out.splitlines() == [
        "rules/rules.yaml:8:5: error[unknown-key] unknown key 'levles'",
        "    8 |     levles:",
        "      |     ^^^^^^ did you mean 'levels'?",
        "1 file, 1 rule: 1 error",
        "Each code has a page: escalatord check --explain unknown-key",
    ]


def test_the_document_is_the_contracts(empty_desk: Desk) -> None:
    empty_desk.rules(TYPO)

    ended = empty_desk.run("check", "rules", "--format", "json")

    assert ended.code == 1
    assert conforming("check", ended.document) == {
        "format": "escalatord.check/1",
        "ok": False,
        "files": ["rules/rules.yaml"],
        "problems": [
            {
                "file": "rules/rules.yaml",
                "line": 8,
                "column": 5,
                "end_column": 11,
                "severity": "error",
                "code": "unknown-key",
                "message": "unknown key 'levles'",
                "help": "did you mean 'levels'?",
                "rule": "late",
            }
        ],
    }


def test_good_rules_are_ok_in_the_document(desk: Desk) -> None:
    desk.write("rules/tests/late.test.yaml", TESTED)

    document = conforming("check", desk.run("check", "--format", "json").document)

    assert (document["ok"], document["problems"]) == (True, [])


def test_problems_are_sorted_by_place_over_all_files(empty_desk: Desk) -> None:
    empty_desk.rules(TYPO)
    empty_desk.write("rules/a.yaml", "version: 1\nrulse: []\n")
    empty_desk.write("rules/z.yaml", "version: 2\n")

    problems = empty_desk.run("check", "--format", "json").document["problems"]

    places = [(each["file"], each["line"], each["column"]) for each in problems]
    assert places == sorted(places)
    assert [file for file, _, _ in places] == ["rules/a.yaml", "rules/rules.yaml", "rules/z.yaml"]


def test_github_shows_each_fault_beside_its_line(empty_desk: Desk) -> None:
    empty_desk.write("rules/a,b.yaml", "version: 1\nrulse: []\n")

    ended = empty_desk.run("check", "--format", "github")

    assert ended.code == 1
    assert ended.out == (
        "::error file=rules/a%2Cb.yaml,line=2,col=1,endColumn=6,title=unknown-key"
        "::unknown key 'rulse' (did you mean 'rules'?)\n"
    )


def test_github_is_told_of_signs_that_would_end_the_command(empty_desk: Desk) -> None:
    empty_desk.write("rules/50%: a.yaml", "version: 1\n'100%': 1\n")

    ended = empty_desk.run("check", "--format", "github")

    assert ended.out.startswith("::error file=rules/50%25%3A a.yaml,line=2,")
    assert "title=unknown-key::unknown key '100%25' (write calendars" in ended.out


def test_a_template_that_cannot_be_put_into_words_is_an_error_at_its_place(
    empty_desk: Desk,
) -> None:
    empty_desk.rules(LATE)
    empty_desk.write(
        "rules/templates/customer/received.md",
        "---\nsubject: 'Got it: {{ ticket.numbr }}'\n---\n\nHello,\n{{ nobody }}\n",
    )

    ended = empty_desk.run("check", "rules/rules.yaml")

    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[:3] == [
        "rules/templates/customer/received.md:2:29: error[template] 'ticket' has no 'numbr'",
        "    2 | subject: 'Got it: {{ ticket.numbr }}'",
        "      |                             ^^^^^ did you mean 'number'?",
    ]
    where, told = lines[3].split(" error[template] ")
    assert where == "rules/templates/customer/received.md:6:4:"
    assert told == "customer templates know no 'nobody'"
    assert lines[5].startswith("      |    ^^^^^^ write customer, escalation, language, ")


def test_a_template_is_looked_at_beside_broken_rules(empty_desk: Desk) -> None:
    empty_desk.rules(TYPO)
    empty_desk.write("rules/templates/staff/x.md", "---\nsubject: x\n---\n{{ nobody }}\n")

    problems = empty_desk.run("check", "--format", "json").document["problems"]

    assert [each["code"] for each in problems] == ["unknown-key", "template"]


def test_the_limits_of_a_config_file_say_what_can_be_promised(desk: Desk) -> None:
    desk.rules(LATE.replace("on_escalation: received", "updates: {every: 4h, template: received}"))
    lenient = desk.run("check", "rules/rules.yaml", "--config", "config.yaml")
    desk.config(("channels:", "customer_limits: {per_day: 6}\nchannels:"))

    generous = desk.run("check", "rules/rules.yaml", "--config", "config.yaml")

    assert "warning[every-beyond-limits] this can be 6 updates in 24 hours" in lenient.out
    assert generous.out == "1 file, 1 rule: no problems\n"


def test_a_rule_without_a_test_is_named_where_others_have_some(desk: Desk) -> None:
    desk.write("rules/tests/late.test.yaml", TESTED)
    desk.write("rules/more.yaml", LATE.replace("id: late", "id: later").replace("2h", "3h")
               .replace("  - id", "version: 1\nrules:\n  - id", 1))  # fmt: skip
    bare = desk.run("check")
    expecting = "cases:\n  - expect: [{at: +3h, rule: later, level: escalate}]\n"
    desk.write("rules/tests/later.test.yaml", f"rules: [../nowhere.yaml]\n{expecting}")

    covered = desk.run("check")

    assert "rules/more.yaml:3:9: warning[untested-rule] no test covers rule 'later'" in bare.out
    assert "'late'" not in bare.out
    assert covered.out == "2 files, 2 rules: no problems\n"


def test_a_folder_without_tests_is_told_once(desk: Desk) -> None:
    desk.write("rules/more.yaml", "version: 1\nrules: [{id: more, levels: [{after: 9h, tag: x}]}]")

    folder, file = desk.run("check"), desk.run("check", "rules/rules.yaml")

    assert "rules/more.yaml:2:14: warning[no-tests] none of these 2 rules has a test" in folder.out
    assert folder.out.splitlines()[-2] == "2 files, 2 rules: 1 warning"
    assert file.out == "1 file, 1 rule: no problems\n"


@pytest.mark.parametrize("test", ["rules: [", "rules: {a: b}\ncases: 3\n", "- x\n", "\0", ""])
def test_a_test_that_cannot_be_read_covers_nothing_and_breaks_nothing(
    desk: Desk, test: str
) -> None:
    desk.write("rules/tests/late.test.yaml", test)

    ended = desk.run("check")

    assert (ended.code, "warning[untested-rule]" in ended.out) == (0, True)


def test_files_are_named_as_the_person_named_them(desk: Desk) -> None:
    absolute = str(desk.folder / "rules" / "rules.yaml")

    assert desk.run("check", "--format", "json").document["files"] == ["rules/rules.yaml"]
    assert desk.run("check", absolute, "--format", "json").document["files"] == [absolute]


def test_a_config_file_says_which_channels_there_are(desk: Desk) -> None:
    desk.config(("log: {kind", "other: {kind"))

    named = desk.run("check", "--config", "config.yaml", "rules")
    unnamed = desk.run("check", "rules")

    assert "error[unknown-channel] the config file has no channel 'log'" in named.out
    assert (named.code, unnamed.code) == (1, 0)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nowhere"], "there is no nowhere; name a rules folder or file"),
        (["rules", "nowhere", "nor-here"], "there is no nowhere, no nor-here; name"),
        (["rules/templates"], "there are no rule files in rules/templates"),
    ],
)
def test_a_path_with_nothing_to_check_cannot_be_checked(
    desk: Desk, arguments: list[str], words: str
) -> None:
    ended = desk.run("check", *arguments, "--format", "json")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("escalatord: ")
    assert words in ended.err


def test_a_file_that_cannot_be_read_is_named_among_the_others(empty_desk: Desk) -> None:
    empty_desk.rules(TYPO)
    (empty_desk.folder / "rules" / "link.yaml").symlink_to("nowhere")

    ended = empty_desk.run("check", "--format", "json")

    assert ended.code == 2
    codes = [(each["file"], each["code"]) for each in ended.document["problems"]]
    assert codes == [("rules/link.yaml", "unreadable"), ("rules/rules.yaml", "unknown-key")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_cannot_be_checked(desk: Desk) -> None:
    folder = desk.folder / "rules"
    folder.chmod(0)
    try:
        assert desk.run("check").code == 2
    finally:
        folder.chmod(0o700)


def test_a_folder_without_rules_says_so(empty_desk: Desk) -> None:
    ended = empty_desk.run("check")

    assert ended.code == 2
    assert ended.err == "escalatord: there is no rules; name a rules folder or file\n"


def test_warnings_count_only_under_strict(desk: Desk) -> None:
    warned = LATE.replace("    levels:", "    clock: {target: {urgent: 4h}}\n    levels:").replace(
        "after: 1h", "after: 50%"
    )
    desk.rules(warned)

    lenient, strict = desk.run("check"), desk.run("check", "--strict")

    assert "warning[" in lenient.out
    assert (lenient.code, strict.code) == (0, 3)


def test_a_broken_config_file_is_no_configuration(desk: Desk) -> None:
    desk.write("config.yaml", "store: [")

    ended = desk.run("check")

    assert ended.code == 78
    assert ended.err.startswith("escalatord: config.yaml:")
