"""The pages in English."""

from engine.web.words.model import CustomerWords, Refusal, StaffWords, Words

_ASK = "Open it once more from the message. If it still does not work, ask for a new message"

WORDS = Words(
    staff=StaffWords(
        escalation="Escalation",
        nobody="Nobody has taken it yet.",
        lapsed="{name} had taken it, until {until}. Now it is nobody’s.",
        owned="{name} has taken it, on {since}.",
        owned_until="It is theirs until {until}. Then it climbs on, unless it is resolved.",
        somebody="Somebody",
        by={
            "link": "By the link that went to {receiver}.",
            "by name": "By name, on the command line.",
            "reply": "By a public reply.",
            "assignment": "By becoming the assignee.",
        },
        labels={
            "status": "Status",
            "since": "Waiting since",
            "why": "Why it was escalated",
            "others": "With it",
            "level": "Level",
            "priority": "Priority",
            "group": "Group",
            "assignee": "Assignee",
        },
        statuses={
            "new": "new",
            "open": "open",
            "pending_customer": "waiting for the customer",
            "pending_internal": "waiting for others",
            "resolved": "resolved",
            "closed": "closed",
        },
        priorities={"low": "low", "medium": "medium", "high": "high", "urgent": "urgent"},
        kinds={
            "technical": "to those who know more",
            "hierarchical": "to those who may decide more",
        },
        none="none",
        name="Your name",
        name_missing="Please write your name, so that everybody can see who has it.",
        take="I take it",
        take_hint="It is then yours until {until}. Until then nobody else is called.",
        take_over="I take it over",
        overtaken="{name} was faster: it was taken while you had this page open.",
        done="That is all; you can close this page.",
        used="This link has been used. It takes the escalation only once.",
        resolved="The ticket is resolved. There is nothing left to take.",
        merged="The ticket was merged into {other}. There is nothing left to take here.",
        over="This escalation is over. There is nothing left to take.",
        disallowed=(
            "Escalations of this rule cannot be taken by a link. Reply to the customer, or become"
            " the assignee; or ask the operator for: escalatord ack {ticket}"
        ),
    ),
    customer=CustomerWords(
        title="How did we do?",
        about="Your request {number}",
        question="How satisfied are you with how we handled it?",
        worst="not at all",
        best="very much",
        words="What should we know?",
        optional="optional",
        send="Send my answer",
        score_missing="Please choose a number.",
        too_long="Please shorten your text to {most} characters.",
        thanks="Thank you!",
        have_it="We have your answer: {score} of {scale}.",
        not_twice="If you would like to add something, simply reply to our message.",
    ),
    refusals={
        "tampered": Refusal("This link does not work", f"It may have been cut short. {_ASK}."),
        "tampered-staff": Refusal(
            "This link does not work",
            f"It may have been cut short. {_ASK}, or ask the operator for: escalatord ack TICKET",
        ),
        "expired": Refusal(
            "This link has expired",
            "You can still tell us how it went: simply reply to our last message.",
        ),
        "expired-staff": Refusal(
            "This link has expired",
            "Nothing has changed. Use the link in a newer message, reply to the customer, or ask"
            " the operator for: escalatord ack TICKET",
        ),
        "unknown": Refusal("This ticket is not known here", f"Nothing has changed. {_ASK}."),
        "not-found": Refusal(
            "There is nothing here", "Please open the link in your message again."
        ),
        "wrong-method": Refusal(
            "This does not work", "Please open the link in your message again."
        ),
        "too-large": Refusal("That was too much", "Please go back and write a shorter text."),
        "busy": Refusal(
            "Just a moment, please", "Nothing was saved yet. Please try again in a minute."
        ),
        "failed": Refusal(
            "Something went wrong", "Nothing was saved. Please try again in a few minutes."
        ),
    },
)
