"""The page of a survey: a customer says how it went, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine.links import BadTokenError
from engine.pipeline.survey import LONGEST_COMMENT, Survey, answer_survey, survey_about
from engine.web.acknowledging import number_of, subject_of
from engine.web.form import read_form
from engine.web.people import People, patiently
from engine.web.refusing import bad_token, unknown_ticket
from engine.web.rendering import page
from engine.web.words import LANGUAGES, spoken

if TYPE_CHECKING:
    from engine.domain.link import SurveyLink
    from engine.ports import Answer

PAGE: Final = "survey"


class Surveying:
    """Answers to `/s/TOKEN`: GET asks, POST keeps the answer."""

    def __init__(self, people: People) -> None:
        """The page, on what it stands on."""
        self._people = people

    async def __call__(self, request: Request) -> Response:
        """The page, or what came of sending its form."""
        form = await read_form(request) if request.method == "POST" else None
        return await run_in_threadpool(self._answer, request, form)

    def _answer(self, request: Request, form: dict[str, str] | None) -> Response:
        people = self._people
        try:
            link = people.tokens.survey(request.path_params["token"])
        except BadTokenError as error:
            people.refuse(PAGE, error.fault.value)
            return bad_token(request, error.fault, to_staff=False)
        with people.store.read() as tx:
            survey = survey_about(tx, people.policy(), link, people.now())
        if survey is None:
            people.refuse(PAGE, "unknown")
            return unknown_ticket(request)
        if form is None:
            return _page(survey, _Given(answer=survey.answer), people.language)
        if survey.answer is not None:
            return self._answered_before(survey, survey.answer)
        given = _given(form, survey)
        if given.score is None or given.is_too_long:
            return _page(survey, given, people.language, 422)
        return self._keep(request, link, survey, given.score, given.comment)

    def _keep(
        self, request: Request, link: SurveyLink, survey: Survey, score: int, comment: str
    ) -> Response:
        people = self._people
        now, policy = people.now(), people.policy()
        answered = patiently(lambda: answer_survey(people.store, policy, link, score, comment, now))
        if answered is None:
            return unknown_ticket(request)
        if not answered.is_new:
            return self._answered_before(survey, answered.answer)
        people.log.info(
            "survey.answered",
            ticket=link.ticket,
            rule=answered.answer.rule,
            score=answered.answer.score,
            scale=answered.answer.scale,
            low=answered.is_low,
        )
        return RedirectResponse(request.path_params["token"], 303, {"Cache-Control": "no-store"})

    def _answered_before(self, survey: Survey, answer: Answer) -> Response:
        self._people.refuse(PAGE, "replayed", ticket=answer.ticket, rule=answer.rule)
        return _page(survey, _Given(answer=answer), self._people.language, 409)


@dataclass(frozen=True, slots=True)
class _Given:
    """What the form holds, or what was answered already.

    Attributes:
        score: None while none was chosen that is on the scale.
    """

    score: int | None = None
    comment: str = ""
    is_sent: bool = False
    answer: Answer | None = None

    @property
    def is_too_long(self) -> bool:
        return len(self.comment) > LONGEST_COMMENT


def _given(form: dict[str, str], survey: Survey) -> _Given:
    chosen = form.get("score", "")
    scores = {str(score): score for score in range(1, survey.scale + 1)}
    comment = form.get("comment", "").replace("\r\n", "\n")
    return _Given(scores.get(chosen), comment, is_sent=True)


def _page(survey: Survey, given: _Given, desk: str, status: int = 200) -> Response:
    ticket = survey.ticket
    language = spoken(ticket.customer.language or ticket.language, desk)
    return page(
        "survey",
        language,
        status,
        words=LANGUAGES[language].customer,
        number=number_of(ticket),
        subject=subject_of(ticket),
        scores=range(1, survey.scale + 1),
        given=given,
        answer=given.answer,
        longest=LONGEST_COMMENT,
    )
