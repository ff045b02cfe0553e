"""The pages in Spanish."""

from engine.web.words.model import CustomerWords, Refusal, StaffWords, Words

_ASK = "Ábralo otra vez desde el mensaje. Si sigue sin funcionar, pida un mensaje nuevo"

WORDS = Words(
    staff=StaffWords(
        escalation="Escalado",
        nobody="Nadie se ha hecho cargo todavía.",
        lapsed="{name} se había hecho cargo hasta el {until}. Ahora no lo lleva nadie.",
        owned="{name} se ha hecho cargo, el {since}.",
        owned_until="Vale hasta el {until}. Después seguirá subiendo, si no está resuelto.",
        somebody="Alguien",
        by={
            "link": "Con el enlace enviado a {receiver}.",
            "by name": "Por su nombre, en la línea de órdenes.",
            "reply": "Con una respuesta pública.",
            "assignment": "Al asignarse el ticket.",
        },
        labels={
            "status": "Estado",
            "since": "Espera desde",
            "why": "Por qué se escaló",
            "others": "Junto con",
            "level": "Nivel",
            "priority": "Prioridad",
            "group": "Grupo",
            "assignee": "Responsable",
        },
        statuses={
            "new": "nuevo",
            "open": "abierto",
            "pending_customer": "a la espera del cliente",
            "pending_internal": "a la espera de otros",
            "resolved": "resuelto",
            "closed": "cerrado",
        },
        priorities={"low": "baja", "medium": "media", "high": "alta", "urgent": "urgente"},
        kinds={
            "technical": "a quienes saben más",
            "hierarchical": "a quienes pueden decidir más",
        },
        none="ninguno",
        name="Su nombre",
        name_missing="Escriba su nombre, por favor, para que todos vean quién lo lleva.",
        take="Me hago cargo",
        take_hint="Será suyo hasta el {until}. Hasta entonces no se avisa a nadie más.",
        take_over="Tomo el relevo",
        overtaken="{name} se adelantó mientras usted tenía esta página abierta.",
        done="Eso es todo; puede cerrar esta página.",
        used="Este enlace ya se ha usado. Solo sirve una vez.",
        resolved="El ticket está resuelto. Ya no hay nada de lo que hacerse cargo.",
        merged="El ticket se ha unido a {other}. Aquí ya no hay nada de lo que hacerse cargo.",
        over="Este escalado ha terminado. Ya no hay nada de lo que hacerse cargo.",
        disallowed=(
            "De los escalados de esta regla no se hace cargo nadie con un enlace. Responda al"
            " cliente o asígnese el ticket; o pida a operaciones: escalatord ack {ticket}"
        ),
    ),
    customer=CustomerWords(
        title="¿Qué tal lo hicimos?",
        about="Su solicitud {number}",
        question="¿Está satisfecho con la forma en que la hemos atendido?",
        worst="nada",
        best="mucho",
        words="¿Qué deberíamos saber?",
        optional="opcional",
        send="Enviar mi respuesta",
        score_missing="Elija un número, por favor.",
        too_long="Acorte su texto a {most} caracteres, por favor.",
        thanks="¡Gracias!",
        have_it="Tenemos su respuesta: {score} de {scale}.",
        not_twice="Si quiere añadir algo, responda simplemente a nuestro mensaje.",
    ),
    refusals={
        "tampered": Refusal("Este enlace no funciona", f"Quizá se haya cortado. {_ASK}."),
        "tampered-staff": Refusal(
            "Este enlace no funciona",
            f"Quizá se haya cortado. {_ASK}, o a operaciones: escalatord ack TICKET",
        ),
        "expired": Refusal(
            "Este enlace ha caducado",
            "Aún puede decirnos qué tal fue: responda simplemente a nuestro último mensaje.",
        ),
        "expired-staff": Refusal(
            "Este enlace ha caducado",
            "No ha cambiado nada. Use el enlace de un mensaje más reciente, responda al cliente, o"
            " pida a operaciones: escalatord ack TICKET",
        ),
        "unknown": Refusal("Este ticket no se conoce aquí", f"No ha cambiado nada. {_ASK}."),
        "not-found": Refusal("Aquí no hay nada", "Abra otra vez el enlace de su mensaje."),
        "wrong-method": Refusal("Así no funciona", "Abra otra vez el enlace de su mensaje."),
        "too-large": Refusal("Era demasiado", "Vuelva atrás y escriba un texto más corto."),
        "busy": Refusal(
            "Un momento, por favor",
            "Todavía no se ha guardado nada. Inténtelo otra vez dentro de un minuto.",
        ),
        "failed": Refusal(
            "Algo ha fallado", "No se ha guardado nada. Inténtelo otra vez en unos minutos."
        ),
    },
)
