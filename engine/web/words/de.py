"""The pages in German."""

from engine.web.words.model import CustomerWords, Refusal, StaffWords, Words

_ASK = (
    "Öffnen Sie ihn bitte noch einmal aus der Nachricht. Hilft das nicht, bitten Sie um eine neue"
)

WORDS = Words(
    staff=StaffWords(
        escalation="Eskalation",
        nobody="Noch hat sie niemand übernommen.",
        lapsed="{name} hatte sie bis {until} übernommen. Jetzt hat sie niemand.",
        owned="{name} hat sie übernommen, am {since}.",
        owned_until="Das gilt bis {until}. Danach geht sie weiter, falls sie nicht gelöst ist.",
        somebody="Jemand",
        by={
            "link": "Mit dem Link an {receiver}.",
            "by name": "Namentlich, auf der Kommandozeile.",
            "reply": "Durch eine öffentliche Antwort.",
            "assignment": "Durch die Zuweisung.",
        },
        labels={
            "status": "Status",
            "since": "Wartet seit",
            "why": "Warum eskaliert wurde",
            "others": "Dazu gehören",
            "level": "Stufe",
            "priority": "Priorität",
            "group": "Gruppe",
            "assignee": "Bearbeitung",
        },
        statuses={
            "new": "neu",
            "open": "offen",
            "pending_customer": "wartet auf die Kundschaft",
            "pending_internal": "wartet auf andere",
            "resolved": "gelöst",
            "closed": "geschlossen",
        },
        priorities={
            "low": "niedrig",
            "medium": "mittel",
            "high": "hoch",
            "urgent": "dringend",
        },
        kinds={
            "technical": "an die, die mehr wissen",
            "hierarchical": "an die, die mehr entscheiden dürfen",
        },
        none="keine",
        name="Ihr Name",
        name_missing="Bitte schreiben Sie Ihren Namen, damit alle sehen, wer sie hat.",
        take="Ich übernehme",
        take_hint="Sie gehört dann bis {until} Ihnen. So lange wird niemand sonst gerufen.",
        take_over="Ich löse ab",
        overtaken="{name} war schneller, während diese Seite bei Ihnen offen war.",
        done="Das ist alles; Sie können diese Seite schließen.",
        used="Dieser Link ist verbraucht. Mit ihm übernimmt man nur einmal.",
        resolved="Das Ticket ist gelöst. Es gibt nichts mehr zu übernehmen.",
        merged="Das Ticket ist in {other} aufgegangen. Hier gibt es nichts mehr zu übernehmen.",
        over="Diese Eskalation ist vorbei. Es gibt nichts mehr zu übernehmen.",
        disallowed=(
            "Eskalationen dieser Regel werden nicht per Link übernommen. Antworten Sie der"
            " Kundschaft, oder übernehmen Sie die Bearbeitung; oder bitten Sie den Betrieb um:"
            " escalatord ack {ticket}"
        ),
    ),
    customer=CustomerWords(
        title="Wie war es?",
        about="Ihre Anfrage {number}",
        question="Wie zufrieden sind Sie damit, wie wir sie bearbeitet haben?",
        worst="gar nicht",
        best="sehr",
        words="Was sollten wir wissen?",
        optional="freiwillig",
        send="Antwort senden",
        score_missing="Bitte wählen Sie eine Zahl.",
        too_long="Bitte kürzen Sie Ihren Text auf {most} Zeichen.",
        thanks="Vielen Dank!",
        have_it="Wir haben Ihre Antwort: {score} von {scale}.",
        not_twice="Möchten Sie etwas hinzufügen? Antworten Sie einfach auf unsere Nachricht.",
    ),
    refusals={
        "tampered": Refusal(
            "Dieser Link funktioniert nicht", f"Vielleicht wurde er abgeschnitten. {_ASK}."
        ),
        "tampered-staff": Refusal(
            "Dieser Link funktioniert nicht",
            f"Vielleicht wurde er abgeschnitten. {_ASK}, oder den Betrieb um:"
            " escalatord ack TICKET",
        ),
        "expired": Refusal(
            "Dieser Link ist abgelaufen",
            "Sagen Sie uns trotzdem, wie es war: Antworten Sie einfach auf unsere letzte"
            " Nachricht.",
        ),
        "expired-staff": Refusal(
            "Dieser Link ist abgelaufen",
            "Es hat sich nichts geändert. Nehmen Sie den Link einer neueren Nachricht, antworten"
            " Sie der Kundschaft, oder bitten Sie den Betrieb um: escalatord ack TICKET",
        ),
        "unknown": Refusal(
            "Dieses Ticket ist hier nicht bekannt", f"Es hat sich nichts geändert. {_ASK}."
        ),
        "not-found": Refusal(
            "Hier ist nichts", "Bitte öffnen Sie noch einmal den Link in Ihrer Nachricht."
        ),
        "wrong-method": Refusal(
            "Das geht so nicht", "Bitte öffnen Sie noch einmal den Link in Ihrer Nachricht."
        ),
        "too-large": Refusal(
            "Das war zu viel", "Bitte gehen Sie zurück und schreiben Sie einen kürzeren Text."
        ),
        "busy": Refusal(
            "Einen Augenblick bitte",
            "Es wurde noch nichts gespeichert. Bitte versuchen Sie es in einer Minute wieder.",
        ),
        "failed": Refusal(
            "Da ging etwas schief",
            "Es wurde nichts gespeichert. Bitte versuchen Sie es in einigen Minuten wieder.",
        ),
    },
)
