"""French. A narrow no-break space stands before ; ! ? and : as is usual there."""

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

FRENCH: Final = Language(
    code="fr",
    dates=Dates(
        weekdays=listed("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        short_weekdays=listed("lun. mar. mer. jeu. ven. sam. dim."),
        months=listed(
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
        ),
        short_months=listed("janv. févr. mars avril mai juin juil. août sept. oct. nov. déc."),
        in_full="{weekday} {day} {month} {year} à {hour}\u00a0h\u00a0{minute}",
        in_short="{weekday} {day} {month} {year}, {time}",
        first="1er",
    ),
    lengths=Lengths(
        day=("jour", "jours"),
        hour=("heure", "heures"),
        minute=("minute", "minutes"),
        moment="moins d’une minute",
    ),
    named={
        "low": "basse",
        "medium": "moyenne",
        "high": "haute",
        "urgent": "urgente",
        "new": "nouveau",
        "open": "ouvert",
        "pending_customer": "en attente du client",
        "pending_internal": "en attente d’un tiers",
        "resolved": "résolu",
        "closed": "clos",
        "technical": "technique",
        "hierarchical": "hiérarchique",
        "status": "statut",
        "priority": "priorité",
        "type": "type",
        "group": "groupe",
        "assignee": "responsable",
        "tags": "étiquettes",
    },
    why={
        Reason.LEVEL_DUE: "l’échéance est arrivée",
        Reason.BACKLOG: (
            "l’échéance était déjà passée quand le texte actuel de la règle a été chargé\u202f; "
            "le niveau est considéré comme franchi"
        ),
        Reason.TOO_LATE: (
            "l’échéance est trop ancienne pour agir maintenant\u202f; le ticket est resté tel quel"
        ),
        Reason.BUDGET: (
            "la règle avait atteint son plafond\u202f; ce message tient lieu d’escalade, et les "
            "modifications du ticket attendent qu’il y ait de la place"
        ),
        Reason.PASSED_ON_RELOAD: "le niveau a été franchi lors du rechargement des règles",
        "last_update": "le client a reçu autant de nouvelles que la règle le permet",
        "low-score": "le client a donné une mauvaise note dans l’enquête",
        "maybe-sent": (
            "un message au client est peut-être arrivé, peut-être pas, et n’est pas répété"
        ),
        "not-delivered": "un message au client a été définitivement refusé",
        "undeliverable": "cela a été définitivement refusé, ou essayé trop souvent",
        "customer-unreachable": "le client ne reçoit rien de nous",
        "crowded": "vous aviez déjà reçu autant de messages que la limite le permet dans ce délai",
    },
    note=NoteWords(
        escalated="Escalade par la règle {rule}",
        reminder="Rappel par la règle {rule}",
        was_due="Niveau {level}, échéance\u202f: {due_at}",
        fell_due="Niveau {level}, échéance atteinte",
        stands_for="\u202f; il vaut aussi pour {levels}",
        done="Fait\u202f: {deeds}.",
        waits=(
            "Attend que le plafond de la règle laisse de la place, pas avant {at}\u202f: {deeds}."
        ),
        set_to="{field} désormais {after}",
        cleared="{field} désormais vide",
        before=" (avant\u202f: {before})",
        told="prévenus\u202f: {names}",
    ),
    stand_in=StandInWords(
        subject="Escalade\u202f: {number} {title}",
        why="Règle {rule} ({description}), niveau {level}\u202f; {why}.",
        due="Échéance\u202f: {due_at}.",
        tickets="Tous les tickets concernés\u202f: {numbers}.",
        take="Pour le prendre en charge\u202f: {url}",
        ending="Ce texte simple remplace un modèle qui n’a pas pu être utilisé.",
    ),
)
