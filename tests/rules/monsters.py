"""Documents made to hang a reader, to fill its memory, or to wear out the lints."""

from __future__ import annotations

from collections.abc import Iterator

HEAD = "version: 1\nreceivers:\n  default: [{channel: log, to: x}]\nrules:\n"
MEGABYTES = 10_000_000
JUST_FITS = 950_000


def monsters() -> Iterator[tuple[str, bytes]]:
    """Each with its name."""
    for name, text in (
        *_sizes(),
        *_depths(),
        *_aliases(),
        *_patterns(),
        *_conditions(),
        *_crowds(),
    ):
        yield name, text if isinstance(text, bytes) else text.encode()


def rule(lines: str, name: str = "one") -> str:
    return f"  - id: {name}\n    {lines}\n"


def _sizes() -> Iterator[tuple[str, str | bytes]]:
    yield "a line of ten megabytes", "version: 1 #" + "x" * MEGABYTES
    yield "a text of ten megabytes", f'version: 1\nx: "{"y" * MEGABYTES}"\n'
    yield "ten megabytes of lines", "a: b\n" * (MEGABYTES // 5)
    yield "ten megabytes of nothing", b"\0" * MEGABYTES
    yield "a line as long as may be", f"version: 1\nx: {'y' * JUST_FITS}\n"
    yield "a key as long as may be", f"version: 1\n{'y' * 1000}: 1\n? {'z' * JUST_FITS}\n: 1\n"
    yield "an id as long as may be", HEAD + rule("levels: [{after: 1h}]", "i" * JUST_FITS)
    yield "spaces as many as may be", "version: 1" + " " * JUST_FITS + "x"
    yield "a list as long as may be", f"version: 1\nrules: [{'a,' * (JUST_FITS // 2)}]"
    yield "keys as many as may be", "version: 1\n" + "".join(f"k{n}: 1\n" for n in range(30_000))
    yield "one key again and again", "version: 1\n" * 25_000
    yield "a number of a megabyte", f"version: {'9' * JUST_FITS}\n"
    yield "a duration of a megabyte", HEAD + rule(f"levels: [{{after: {'9' * JUST_FITS}h}}]")
    yield (
        "hours of a megabyte",
        'version: 1\ncalendars: {a: {timezone: UTC, open: {mon: "'
        + ("09:00-10:00," * 70_000)
        + '"}}}\n',
    )
    yield (
        "days of a megabyte",
        'version: 1\ncalendars: {a: {timezone: UTC, open: {"'
        + ("mon-sun," * 100_000)
        + '": closed}}}\n',
    )
    yield "carriage returns", "version: 1\r" * 20_000
    yield "next lines", "version: 1\n# \x85\u2028\u2029\n" * 12_000


def _depths() -> Iterator[tuple[str, str]]:
    for sign in ("[", "{a: ", "[{a: ", "- ", "? ", "!x ", "&a ", "('"):
        yield f"{sign!r} again and again", f"version: 1\nx: {sign * 50_000}"
    yield "indented ever deeper", "".join(f"{' ' * n}a:\n" for n in range(1_300))
    yield "brackets that close", f"version: 1\nx: {'[' * 5_000}{']' * 5_000}\n"
    nested = "{not: " * 48 + "{type: a}" + "}" * 48
    yield "not of not of not", HEAD + rule(f"match: {nested}\n    levels: [{{after: 1h}}]")
    nested = "{any: [{type: b}, " * 22 + "{type: a}" + "]}" * 22
    yield "any of any of any", HEAD + rule(f"match: {nested}\n    levels: [{{after: 1h}}]")


def _aliases() -> Iterator[tuple[str, str]]:
    laughs = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    yield "a billion laughs", f"a0: &a0 [x]\n{laughs}"
    maps = "".join(f"b{n}: &b{n} {{x: *b{n - 1}, y: *b{n - 1}}}\n" for n in range(1, 40))
    yield "a tree of mappings", f"b0: &b0 {{x: y}}\n{maps}"
    yield "an alias to itself", "a: &a [*a]\n"
    yield "anchors as many as may be", "".join(f"- &a{n} x\n" for n in range(30_000))
    same = "    levels: &l [{after: 1h, notify: [default]}]\n"
    more = "".join(f"  - {{id: r{n}, levels: *l}}\n" for n in range(2_000))
    yield "one ladder for thousands of rules", f"{HEAD}  - id: one\n{same}{more}"


def _patterns() -> Iterator[tuple[str, str]]:
    for pattern in (
        "(a+)+$",
        "(a|a)*b",
        "(.*){50}",
        "((x{100}){100}){100}",
        "x{1000}{1000}",
        "(" * 400 + ")" * 400,
        "[" * 900,
        "(?i)" * 200,
        "|".join(["a"] * 450),
        "\\pN" * 300,
        "(?P<a>x)" * 100,
    ):
        yield (
            f"pattern {pattern[:12]}",
            HEAD
            + rule(f"match: {{subject: {{matches: '{pattern}'}}}}\n    levels: [{{after: 1h}}]"),
        )
    many = ", ".join(f"{{subject: {{matches: '(a{n}+)+'}}}}" for n in range(2_000))
    yield (
        "thousands of patterns",
        HEAD + rule(f"match: {{any: [{many}]}}\n    levels: [{{after: 1h}}]"),
    )
    words = ", ".join(f"w{n}" for n in range(20_000))
    yield (
        "thousands of words",
        HEAD + rule(f"match: {{message: {{mentions: [{words}]}}}}\n    levels: [{{after: 1h}}]"),
    )


def _conditions() -> Iterator[tuple[str, str]]:
    level = "\n    levels: [{after: 1h}]"
    fields = ", ".join(f"fields.f{n}: x" for n in range(8_000))
    yield "thousands of fields", HEAD + rule(f"match: {{{fields}}}{level}")
    tests = ", ".join(f"{{type: t{n}}}" for n in range(5_000))
    yield "all of thousands", HEAD + rule(f"match: {{all: [{tests}]}}{level}")
    yield "any of thousands", HEAD + rule(f"match: {{any: [{tests}], type: x}}{level}")
    values = ", ".join(f"v{n}" for n in range(30_000))
    levels = ", ".join(f"{{name: l{n}, after: 1h}}" for n in range(1_500))
    yield (
        "thousands of values and levels",
        HEAD + rule(f"match: {{type: [{values}]}}\n    levels: [{levels}]"),
    )
    pairs = ", ".join("{any: [{type: a}, {group: b}, {tags: c}]}" for _ in range(4_000))
    yield "alternatives to the power of thousands", HEAD + rule(f"match: {{all: [{pairs}]}}{level}")
    durations = ", ".join(f"{{age: {{at_least: {n}m}}}}" for n in range(4_000))
    yield "thousands of ages", HEAD + rule(f"match: {{all: [{durations}]}}{level}")
    tags = ", ".join(f"{{tags: {{not: t{n}}}}}" for n in range(4_000))
    yield "thousands of tags", HEAD + rule(f"match: {{all: [{tags}]}}{level}")


def _crowds() -> Iterator[tuple[str, str]]:
    def crowd(name: str, line: str, number: int) -> tuple[str, str]:
        rules = "".join(f"  - {{id: r{n}, {line.format(n=n, m=n + 1)}}}\n" for n in range(number))
        return name, HEAD + rules

    yield crowd("equal rules", "levels: [{{after: 1h, notify: [default]}}]", 4_000)
    yield crowd("rules that set one field", "levels: [{{after: 1h, set: {{type: t{n}}}}}]", 4_000)
    one_group = "match: {{group: g}}, levels: [{{after: 1h, assign: {{group: h}}}}]"
    yield crowd("rules about one group", one_group, 3_500)
    chain = "match: {{group: g{n}}}, levels: [{{after: 1h, assign: {{group: g{m}}}}}]"
    yield crowd("a chain of groups", chain, 3_000)
    everything = "match: {{group: {{not: a}}}}, levels: [{{after: 1h, assign: {{group: g{n}}}}}]"
    yield crowd("rules that start each other", everything, 3_000)
    raised = "match: {{priority: {{at_most: high}}}}, levels: [{{after: 1h, raise_priority: 1}}]"
    yield crowd("rules that raise", raised, 3_000)
    tagged = "match: {{tags: {{not: t{n}}}}}, levels: [{{after: 1h, tag: [t{n}], untag: [t{m}]}}]"
    yield crowd("rules that tag", tagged, 3_000)
    held = "inhibits: [r{m}], levels: [{{after: 1h}}]"
    yield crowd("a chain of inhibitions", held, 3_500)
    typed = "match: {{type: t{n}}}, levels: [{{after: 1h, notify: [default]}}]"
    yield crowd("rules about different types", typed, 3_000)
    receivers = "".join(f"  g{n}x: [{{channel: log, to: x}}]\n" for n in range(3_000))
    named = "".join(f"  - {{id: r{n}, match: {{group: g{n}y}}, levels: [{{after: 1h}}]}}\n"
                    for n in range(2_500))  # fmt: skip
    yield (
        "groups that are almost receivers",
        HEAD.replace("rules:\n", f"{receivers}rules:\n") + named,
    )
