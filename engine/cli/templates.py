"""The verb `template`: what messages say, looked at before they go out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

from engine.cli import DEFAULT_CONFIG, config_option, named_config
from engine.cli.complaints import BAD, GOOD
from engine.cli.parameters import ONE_LINE
from engine.cli.printing import paper, print_json, print_lines
from engine.cli.wording import printable
from engine.domain.actions import Audience
from engine.errors import UsageError
from engine.insight.preview import Preview, preview
from engine.previewing import ForWhom, Gallery, Known, Shown, TemplateFaultsError
from engine.rulebook import load, render_problem

if TYPE_CHECKING:
    from engine.domain.rule import Rule
    from engine.insight.contracts.documents import TemplateDocument, TemplatesDocument
    from engine.rulebook import Loaded
    from engine.settings import Settings

RULES: Final = Path("rules")
_UTC: Final = ZoneInfo("UTC")


@click.group("template")
@config_option
def template_command(config: Path | None) -> None:
    """Look at what messages say, before they go out."""
    del config


@template_command.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def template_list_command(ctx: click.Context, config: Path | None, as_json: bool) -> int:
    """List the templates that rules can name, with their languages and the rules that do."""
    desk = _desk(ctx, config)
    known = desk.gallery.known()
    if as_json:
        print_json(_list_document(known, desk.loaded))
    else:
        print_lines(_list_lines(known, desk.loaded))
    return GOOD


@template_command.command("show")
@config_option
@click.argument("name")
@click.option("--ticket", type=ONE_LINE, help="Fill it in for this ticket, HELPDESK:ID.")
@click.option("--language", type=ONE_LINE, help="What the reader reads: de, fr …")
@click.option("--customer", "audience", flag_value="customer", help="The customers' of that name.")
@click.option("--staff", "audience", flag_value="staff", help="The staff's of that name.")
@click.option("--html", "as_html", is_flag=True, help="Only the HTML part, for a browser.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def template_show_command(
    ctx: click.Context,
    *,
    config: Path | None,
    name: str,
    ticket: str | None,
    language: str | None,
    audience: ForWhom | None,
    as_html: bool,
    as_json: bool,
) -> int:
    """Show a template filled in: for a ticket as it would go out now, or for a made-up one.

    It ends with 1 if the template cannot be filled in.
    """
    if as_html and as_json:
        raise click.UsageError("choose one of --html and --json")
    desk = _desk(ctx, config)
    found_for = desk.gallery.audience_of(name, audience)
    about = None if ticket is None else _about(desk, Audience(found_for), name, ticket)
    try:
        shown = desk.gallery.show(
            found_for,
            name,
            language,
            (about.ticket, about.action) if about else None,
            desk.settings.survey_url if desk.settings else None,
        )
    except TemplateFaultsError as error:
        return _complain(error, desk.loaded)
    if as_html:
        click.echo(shown.html, nl=False)
    elif as_json:
        print_json(_show_document(shown, about))
    else:
        print_lines(_show_lines(shown, about, paper().width))
    return GOOD


@dataclass(frozen=True, slots=True)
class _Desk:
    """What is there to look at; without a config file there are no settings."""

    settings: Settings | None
    config: Path | None
    loaded: Loaded
    gallery: Gallery


def _desk(ctx: click.Context, config: Path | None) -> _Desk:
    """The templates of the config file's rules folder, or of ./rules.

    Raises:
        UsageError: There is no such folder.
    """
    named = named_config(ctx, config)
    if named is None and Path(DEFAULT_CONFIG).exists():
        named = Path(DEFAULT_CONFIG)
    settings: Settings | None = None
    folder = RULES
    if named is not None:
        from engine.settings import load_settings

        settings = load_settings(named)
        folder = settings.rules_from_here
    if not folder.is_dir():
        raise UsageError(f"there is no rules folder {folder}; name a config file by --config")
    loaded = load(folder)
    gallery = Gallery(
        loaded.written.templates,
        settings.timezone if settings else _UTC,
        settings.language if settings else "en",
    )
    return _Desk(settings, named, loaded, gallery)


def _about(desk: _Desk, audience: Audience, name: str, ticket: str) -> Preview:
    """The ticket, and what the template would be told of it by the rules of the files.

    Raises:
        UsageError: There is no config file, or no such ticket.
    """
    if desk.config is None:
        raise UsageError("a ticket is looked up in the store: name a config file by --config")
    from engine.app import open_app

    app = open_app(desk.config, upgrade=False)
    try:
        policy = app.policy_of(desk.loaded) or app.in_force_now()
        return preview(app.store, policy, audience, name, ticket, app.clock.now())
    finally:
        app.close()


def _complain(error: TemplateFaultsError, loaded: Loaded) -> int:
    for problem in error.problems:
        click.echo(render_problem(problem, loaded.sources.get(problem.file, "")), err=True)
    if not error.problems:
        click.echo(f"escalatord: {error}", err=True)
    return BAD


# --- one ---


def _show_lines(shown: Shown, about: Preview | None, width: int) -> Iterator[str]:
    yield from _wrapped(_heading(shown, about), width)
    yield ""
    yield f"Subject: {printable(shown.subject)}"
    yield ""
    for line in shown.text.rstrip("\n").split("\n"):
        yield from _wrapped(line, width) if line else [""]
    yield ""
    yield from _wrapped(f"It may use: {_uses(shown.uses)}", width)


def _heading(shown: Shown, about: Preview | None) -> str:
    place = shown.file or f"built in; {shown.audience}/{shown.name}.md would replace it"
    return f"{place} (in {shown.language}), {_whom(about)}"


def _whom(about: Preview | None) -> str:
    if about is None:
        return "for a made-up ticket"
    ticket, action = about.ticket.id, about.action
    if action is None:
        return f"for {ticket}; no rule uses it for such a ticket, so rule and dates are missing"
    rule = f"for {ticket} by rule {action.episode.rule}"
    return rule if about.is_live else f"{rule}, which does not hold for it now"


def _uses(uses: Mapping[str, Iterable[str]]) -> str:
    return ", ".join(
        f"{name} ({', '.join(parts)})" if parts else name for name, parts in uses.items()
    )


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines; what belongs to a list goes on below its mark."""
    words = text.lstrip()
    indent = " " * (len(text) - len(words))
    hang = f"{indent}  " if words.startswith("- ") else indent
    return textwrap.wrap(
        printable(words),
        width,
        initial_indent=indent,
        subsequent_indent=hang,
        break_on_hyphens=False,
    ) or [""]


def _show_document(shown: Shown, about: Preview | None) -> TemplateDocument:
    action = about.action if about else None
    level = action.details.get("level") if action else None
    name = level.get("name") if isinstance(level, Mapping) else None
    return {
        "format": "escalatord.template/1",
        "audience": shown.audience,
        "name": shown.name,
        "language": shown.language,
        "file": shown.file,
        "ticket": about.ticket.id if about else None,
        "rule": action.episode.rule if action else None,
        "level": str(name) if name else None,
        "is_live": about.is_live if about else False,
        "subject": shown.subject,
        "text": shown.text,
        "html": shown.html,
        "uses": {name: list(parts) for name, parts in shown.uses.items()},
    }


# --- all ---


def _list_lines(known: Iterable[Known], loaded: Loaded) -> Iterator[str]:
    for audience in ("customer", "staff"):
        yield f"For {'customers' if audience == 'customer' else 'staff'}:"
        for one in known:
            if one.audience == audience:
                yield f"  {one.name}: {_in_short(one)}{_used(one, loaded)}"


def _in_short(one: Known) -> str:
    is_ours = any(text.file for text in one.texts)
    languages = ", ".join(text.language for text in one.texts)
    return languages if is_ours else f"{languages}, built in"


def _used(one: Known, loaded: Loaded) -> str:
    rules = _rules_with(one, loaded)
    return f" ({', '.join(rules)})" if rules else ""


def _rules_with(one: Known, loaded: Loaded) -> list[str]:
    rules = loaded.generation.rules if loaded.generation else ()
    return [rule.id for rule in rules if one.name in _named_by(rule, one.audience)]


def _named_by(rule: Rule, audience: str) -> set[str]:
    if audience == "staff":
        return {level.template for level in rule.levels if level.notify}
    plan = rule.customer
    if plan is None:
        return set()
    named = {plan.on_escalation or ""}
    named |= {plan.updates.template} if plan.updates else set()
    return named | ({plan.follow_up.template} if plan.follow_up else set())


def _list_document(known: Iterable[Known], loaded: Loaded) -> TemplatesDocument:
    return {
        "format": "escalatord.templates/1",
        "templates": [
            {
                "audience": one.audience,
                "name": one.name,
                "texts": [
                    {"language": text.language, "is_default": text.is_default, "file": text.file}
                    for text in one.texts
                ],
                "used_by": _rules_with(one, loaded),
            }
            for one in known
        ],
    }
