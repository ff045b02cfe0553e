"""The pages in French."""

from engine.web.words.model import CustomerWords, Refusal, StaffWords, Words

_ASK = (
    "Ouvrez-le encore une fois depuis le message. Si cela ne suffit pas, demandez un nouveau"
    " message"
)

WORDS = Words(
    staff=StaffWords(
        escalation="Escalade",
        nobody="Personne ne l’a encore prise en charge.",
        lapsed="{name} l’avait prise en charge jusqu’au {until}. Elle n’est plus à personne.",
        owned="{name} l’a prise en charge, le {since}.",
        owned_until="Cela vaut jusqu’au {until}. Ensuite, elle monte encore, si rien n’est résolu.",
        somebody="Quelqu’un",
        by={
            "link": "Par le lien envoyé à {receiver}.",
            "by name": "Nommément, en ligne de commande.",
            "reply": "Par une réponse publique.",
            "assignment": "Par l’attribution du ticket.",
        },
        labels={
            "status": "État",
            "since": "En attente depuis",
            "why": "Raison de l’escalade",
            "others": "Avec elle",
            "level": "Niveau",
            "priority": "Priorité",
            "group": "Groupe",
            "assignee": "Responsable",
        },
        statuses={
            "new": "nouveau",
            "open": "ouvert",
            "pending_customer": "en attente du client",
            "pending_internal": "en attente d’autres",
            "resolved": "résolu",
            "closed": "clos",
        },
        priorities={"low": "basse", "medium": "moyenne", "high": "haute", "urgent": "urgente"},
        kinds={
            "technical": "vers ceux qui en savent plus",
            "hierarchical": "vers ceux qui peuvent décider",
        },
        none="aucun",
        name="Votre nom",
        name_missing="Merci d’écrire votre nom, pour que chacun voie qui s’en charge.",
        take="Je m’en charge",
        take_hint="Elle est à vous jusqu’au {until}. Personne d’autre n’est appelé d’ici là.",
        take_over="Je prends la relève",
        overtaken="{name} a été plus rapide, pendant que cette page était ouverte chez vous.",
        done="C’est tout\u00a0; vous pouvez fermer cette page.",
        used="Ce lien a déjà servi. Il ne sert qu’une fois.",
        resolved="Le ticket est résolu. Il n’y a plus rien à prendre en charge.",
        merged="Le ticket a été fusionné avec {other}. Il n’y a plus rien à prendre en charge ici.",
        over="Cette escalade est terminée. Il n’y a plus rien à prendre en charge.",
        disallowed=(
            "Les escalades de cette règle ne se prennent pas en charge par un lien. Répondez au"
            " client ou attribuez-vous le ticket\u00a0; ou demandez à l’exploitation\u00a0:"
            " escalatord ack {ticket}"
        ),
    ),
    customer=CustomerWords(
        title="Votre avis",
        about="Votre demande {number}",
        question="Êtes-vous satisfait(e) de la façon dont nous l’avons traitée\u00a0?",
        worst="pas du tout",
        best="tout à fait",
        words="Que devrions-nous savoir\u00a0?",
        optional="facultatif",
        send="Envoyer ma réponse",
        score_missing="Merci de choisir un chiffre.",
        too_long="Merci de raccourcir votre texte à {most} caractères.",
        thanks="Merci\u00a0!",
        have_it="Nous avons bien reçu votre réponse\u00a0: {score} sur {scale}.",
        not_twice="Pour ajouter quelque chose, répondez simplement à notre message.",
    ),
    refusals={
        "tampered": Refusal("Ce lien ne fonctionne pas", f"Il a peut-être été coupé. {_ASK}."),
        "tampered-staff": Refusal(
            "Ce lien ne fonctionne pas",
            f"Il a peut-être été coupé. {_ASK}, ou à l’exploitation\u00a0: escalatord ack TICKET",
        ),
        "expired": Refusal(
            "Ce lien a expiré",
            "Vous pouvez toujours nous donner votre avis\u00a0: répondez simplement à notre dernier"
            " message.",
        ),
        "expired-staff": Refusal(
            "Ce lien a expiré",
            "Rien n’a changé. Utilisez le lien d’un message plus récent, répondez au client, ou"
            " demandez à l’exploitation\u00a0: escalatord ack TICKET",
        ),
        "unknown": Refusal("Ce ticket n’est pas connu ici", f"Rien n’a changé. {_ASK}."),
        "not-found": Refusal(
            "Il n’y a rien ici", "Merci d’ouvrir à nouveau le lien de votre message."
        ),
        "wrong-method": Refusal(
            "Cela ne va pas ainsi", "Merci d’ouvrir à nouveau le lien de votre message."
        ),
        "too-large": Refusal(
            "C’était trop long", "Merci de revenir en arrière et d’écrire un texte plus court."
        ),
        "busy": Refusal(
            "Un instant, s’il vous plaît",
            "Rien n’a encore été enregistré. Merci de réessayer dans une minute.",
        ),
        "failed": Refusal(
            "Quelque chose n’a pas marché",
            "Rien n’a été enregistré. Merci de réessayer dans quelques minutes.",
        ),
    },
)
