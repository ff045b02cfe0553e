"""Spanish."""

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

SPANISH: Final = Language(
    code="es",
    dates=Dates(
        weekdays=listed("lunes martes miércoles jueves viernes sábado domingo"),
        short_weekdays=listed("lun mar mié jue vie sáb dom"),
        months=listed(
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
            " diciembre"
        ),
        short_months=listed("ene feb mar abr may jun jul ago sept oct nov dic"),
        in_full="{weekday} {day} de {month} de {year}, {time} h",
        in_short="{weekday} {day} {month} {year}, {time}",
    ),
    lengths=Lengths(
        day=("día", "días"),
        hour=("hora", "horas"),
        minute=("minuto", "minutos"),
        moment="menos de un minuto",
    ),
    named={
        "low": "baja",
        "medium": "media",
        "high": "alta",
        "urgent": "urgente",
        "new": "nuevo",
        "open": "abierto",
        "pending_customer": "a la espera del cliente",
        "pending_internal": "a la espera de terceros",
        "resolved": "resuelto",
        "closed": "cerrado",
        "technical": "técnico",
        "hierarchical": "jerárquico",
        "status": "estado",
        "priority": "prioridad",
        "type": "tipo",
        "group": "grupo",
        "assignee": "responsable",
        "tags": "etiquetas",
    },
    why={
        Reason.LEVEL_DUE: "venció su plazo",
        Reason.BACKLOG: (
            "su plazo ya había vencido cuando se cargó el texto actual de la regla; "
            "se da por cumplido"
        ),
        Reason.TOO_LATE: (
            "su plazo venció hace demasiado tiempo para actuar ahora; no se tocó el ticket"
        ),
        Reason.BUDGET: (
            "la regla había agotado su cupo; este aviso hace las veces del escalado, y los cambios "
            "en el ticket esperan a que haya sitio"
        ),
        Reason.PASSED_ON_RELOAD: "se dio por cumplido al recargar las reglas",
        "last_update": "el cliente ha recibido tantas novedades como permite la regla",
        "low-score": "el cliente ha dado una puntuación baja en la encuesta",
        "maybe-sent": "un mensaje al cliente puede haber llegado o no, y no se repite",
        "not-delivered": "un mensaje al cliente fue rechazado definitivamente",
        "undeliverable": "fue rechazado definitivamente, o se intentó demasiadas veces",
        "customer-unreachable": "el cliente no recibe nada nuestro",
        "crowded": "ya había recibido tantos mensajes como el límite permite en ese tiempo",
    },
    note=NoteWords(
        escalated="Escalado por la regla {rule}",
        reminder="Recordatorio de la regla {rule}",
        was_due="El nivel {level} vencía el {due_at}",
        fell_due="El nivel {level} había vencido",
        stands_for=" y vale también por {levels}",
        done="Hecho: {deeds}.",
        waits="Espera a que el cupo de la regla tenga sitio, no antes del {at}: {deeds}.",
        set_to="{field} pasa a {after}",
        cleared="{field} queda sin valor",
        before=" (antes: {before})",
        told="avisados: {names}",
    ),
    stand_in=StandInWords(
        subject="Escalado: {number} {title}",
        why="Regla {rule} ({description}), nivel {level}; {why}.",
        due="Vencía el {due_at}.",
        tickets="Todos los tickets afectados: {numbers}.",
        take="Para hacerse cargo: {url}",
        ending="Este texto sencillo sustituye a una plantilla que no se pudo usar.",
    ),
)
