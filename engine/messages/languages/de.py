"""German."""

from __future__ import annotations

from typing import Final

from engine.domain.reason import Reason
from engine.messages.languages.language import (
    Dates,
    Language,
    Lengths,
    NoteWords,
    StandInWords,
    listed,
)

GERMAN: Final = Language(
    code="de",
    dates=Dates(
        weekdays=listed("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        short_weekdays=listed("Mo Di Mi Do Fr Sa So"),
        months=listed(
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
        ),
        short_months=listed("Jan. Feb. März April Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
        in_full="{weekday}, {day}. {month} {year}, {time} Uhr",
        in_short="{weekday}, {day}. {month} {year}, {time}",
    ),
    lengths=Lengths(
        day=("Tag", "Tage"),
        hour=("Stunde", "Stunden"),
        minute=("Minute", "Minuten"),
        moment="weniger als eine Minute",
    ),
    named={
        "low": "niedrig",
        "medium": "mittel",
        "high": "hoch",
        "urgent": "dringend",
        "new": "neu",
        "open": "offen",
        "pending_customer": "wartet auf den Kunden",
        "pending_internal": "wartet auf andere",
        "resolved": "gelöst",
        "closed": "geschlossen",
        "technical": "fachlich",
        "hierarchical": "hierarchisch",
        "status": "Status",
        "priority": "Priorität",
        "type": "Art",
        "group": "Gruppe",
        "assignee": "Bearbeiter",
        "tags": "Schlagwörter",
    },
    why={
        Reason.LEVEL_DUE: "es war fällig",
        Reason.BACKLOG: (
            "es war schon überfällig, bevor die heutige Fassung der Regel geladen wurde; "
            "es gilt als erledigt"
        ),
        Reason.TOO_LATE: (
            "es war vor zu langer Zeit fällig, um jetzt noch einzugreifen; "
            "am Ticket wurde nichts geändert"
        ),
        Reason.BUDGET: (
            "die Regel hatte ihr Kontingent ausgeschöpft; diese Nachricht steht für die "
            "Eskalation, und die Änderungen am Ticket warten, bis wieder Platz ist"
        ),
        Reason.PASSED_ON_RELOAD: "es wurde beim Neuladen der Regeln übergangen",
        "last_update": "der Kunde hat so viele Zwischenmeldungen bekommen, wie die Regel erlaubt",
        "low-score": "der Kunde hat in der Umfrage wenig Punkte gegeben",
        "maybe-sent": (
            "eine Nachricht an den Kunden ist vielleicht angekommen, vielleicht nicht, "
            "und wird nicht wiederholt"
        ),
        "not-delivered": "eine Nachricht an den Kunden wurde endgültig abgelehnt",
        "undeliverable": "es wurde endgültig abgelehnt oder zu oft versucht",
        "customer-unreachable": "der Kunde hört nichts von uns",
        "crowded": (
            "Sie in dieser Zeit schon so viele Nachrichten bekommen hatten, wie die Grenze zulässt"
        ),
    },
    note=NoteWords(
        escalated="Eskaliert durch die Regel {rule}",
        reminder="Erinnerung durch die Regel {rule}",
        was_due="Stufe {level} war fällig: {due_at}",
        fell_due="Stufe {level} war fällig",
        stands_for="; sie steht auch für {levels}",
        done="Getan: {deeds}.",
        waits="Wartet, bis das Kontingent der Regel Platz hat, nicht vor {at}: {deeds}.",
        set_to="{field} auf {after} gesetzt",
        cleared="{field} entfernt",
        before=" (vorher {before})",
        told="benachrichtigt: {names}",
    ),
    stand_in=StandInWords(
        subject="Eskalation: {number} {title}",
        why="Regel {rule} ({description}), Stufe {level}; {why}.",
        due="Fällig: {due_at}.",
        tickets="Alle betroffenen Tickets: {numbers}.",
        take="Übernehmen: {url}",
        ending="Dieser einfache Text steht für eine Vorlage, die nicht verwendet werden konnte.",
    ),
)
