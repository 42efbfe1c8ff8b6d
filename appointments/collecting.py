"""Collecting a caller's wish while they are on the line.

Nothing is booked here and no reply says so: the wish is understood, kept twice, and read back with weekday and
date. What is not wholly understood becomes a question, never a guess.
"""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from appointments.models import Call, Company, FollowUp, Service
from appointments.service_names import ServiceMatch, find_service
from appointments.spoken import USUAL_OPENING, Problem, Understanding, speak_date, speak_time, understand
from appointments.voice import Reply, meaningful
from appointments.wishes import Wish, note_wish
from mcp_gateway.bell import ring_on_commit

BOOK_TASK = "appointments.tasks.book_call"
MAX_NAME, MAX_DATE, MAX_TIME, MAX_SERVICE, MAX_NOTES, MAX_EMAIL = 150, 120, 120, 250, 2000, 254


@dataclass(frozen=True, kw_only=True)
class SpokenWish:
    """The caller's words as the agent passes them on; anything may be missing or junk."""

    name: object = None
    date: object = None
    time: object = None
    service: object = None
    notes: object = None
    email: object = None


def collect(call: Call, spoken: SpokenWish, *, heard_at: datetime | None = None) -> Reply:
    """Understand the wish, keep it and read it back; or ask for what is missing.

    `heard_at` is when it was said ("morgen" counts from there); default: now. A call that is over already is
    booked at once, because its end was told before its wish.
    """
    heard_at = heard_at or timezone.now()
    language = _language(call)
    with translation.override(language):
        wish = _understood(call, spoken, heard_at, language)
        if isinstance(wish, Reply):
            return wish
        note_wish(call, wish)
        # The end may have been told while we were listening: look at the row, not at our copy.
        if Call.objects.filter(pk=call.pk, status__in=Call.OVER).exists():
            ring_on_commit(BOOK_TASK, call.pk)
        return _read_back(call.company, wish)


def _understood(call: Call, spoken: SpokenWish, heard_at: datetime, language: str) -> Wish | Reply:
    company = call.company
    when = understand(
        meaningful(spoken.date, max_length=MAX_DATE + 1),
        meaningful(spoken.time, max_length=MAX_TIME + 1),
        now=heard_at,
        zone=company.zone,
        opening=company.opening or USUAL_OPENING,
    )
    match = find_service(company, meaningful(spoken.service, max_length=MAX_SERVICE))
    name = meaningful(spoken.name, max_length=MAX_NAME) or (call.customer.name if call.customer else "")
    if match.service is None:
        return _ask_service(match, call, heard_at)
    if when.problem or when.start is None:
        return _ask_when(when, company, heard_at, language)
    if not name:
        return _reply("name_required", _("What name may I book the appointment under?"), company, heard_at)
    return _wish(match.service, when.start, name, spoken, company, heard_at, language)


def _wish(
    service: Service,
    start: datetime,
    name: str,
    spoken: SpokenWish,
    company: Company,
    heard_at: datetime,
    language: str,
) -> Wish:
    local = start.astimezone(company.zone)
    return Wish(
        customer_name=name,
        appointment_date=local.date(),
        appointment_time=local.time(),
        service_type=service.name,
        notes=meaningful(spoken.notes, max_length=MAX_NOTES),
        collected_at=heard_at,
        service_id=service.pk,
        starts_at=start,
        email=_email(spoken.email),
        language=language,
    )


def _read_back(company: Company, wish: Wish) -> Reply:
    date = speak_date(wish.appointment_date, wish.language)
    time = speak_time(wish.appointment_time, wish.language)
    message = _(
        "I have noted your wish: %(service)s on %(date)s at %(time)s for %(name)s. "
        "I will book it right after our call, if the time is still free then."
    ) % {"service": wish.service_type, "date": date, "time": time, "name": wish.customer_name}
    return _reply(
        "collected",
        message,
        company,
        wish.collected_at,
        service=wish.service_type,
        date=wish.appointment_date.isoformat(),
        time=f"{wish.appointment_time:%H:%M}",
        spoken_date=date,
        spoken_time=time,
    )


def _ask_service(match: ServiceMatch, call: Call, heard_at: datetime) -> Reply:
    company = call.company
    names = [service.name for service in match.candidates]
    if not names:
        _promise_callback(call)
        message = _("I can't book appointments at the moment. Somebody will gladly call you back.")
        return _reply("no_services", message, company, heard_at)
    message = _("Which service would you like? There is: %(services)s.") % {"services": ", ".join(names)}
    return _reply("service_required", message, company, heard_at, services=names)


def _promise_callback(call: Call) -> None:
    FollowUp.objects.get_or_create(
        call=call,
        kind=FollowUp.Kind.CALLBACK,
        defaults={
            "company": call.company,
            "what_to_do": "Call back: the caller wanted an appointment, but no service can be booked. Set one up.",
        },
    )


def _ask_when(when: Understanding, company: Company, heard_at: datetime, language: str) -> Reply:
    problem = when.problem or Problem.TIME_REQUIRED
    today = speak_date(heard_at.astimezone(company.zone).date(), language)
    candidates = [speak_date(date, language) for date in when.candidates]
    question = _question(problem, candidates)
    message = _("Today is %(today)s.") % {"today": today} + " " + question
    return _reply(problem.value, message, company, heard_at, candidates=candidates)


def _question(problem: Problem, candidates: list[str]) -> str:
    if problem is Problem.WEEKDAY_MISMATCH and candidates:
        return _("The weekday and the date don't match. Do you mean %(dates)s?") % {"dates": _(" or ").join(candidates)}
    questions = {
        Problem.DATE_REQUIRED: _("On which day would you like to come?"),
        Problem.TIME_REQUIRED: _("At what time would you like to come?"),
        Problem.DATE_UNCLEAR: _("I didn't quite get the day. On which date would you like to come?"),
        Problem.TIME_UNCLEAR: _("I didn't quite get the time. At what time would you like to come?"),
        Problem.TIME_AMBIGUOUS: _("Do you mean the morning or the afternoon? Please tell me the exact time."),
        Problem.DATE_IN_PAST: _("That day is already over. Which day would suit you instead?"),
        Problem.TIME_IN_PAST: _("That time is already over today. Which time would suit you instead?"),
        Problem.DATE_IMPOSSIBLE: _("That date doesn't exist. On which date would you like to come?"),
        Problem.TIME_IMPOSSIBLE: _("That time doesn't exist on that day. Which time would suit you instead?"),
        Problem.WEEKDAY_MISMATCH: _("The weekday and the date don't match. Which date do you mean?"),
    }
    return questions[problem]


def _reply(status: str, message: str, company: Company, heard_at: datetime, **more: object) -> Reply:
    """Every reply tells the agent today's date: the model has no clock."""
    today = heard_at.astimezone(company.zone).date().isoformat()
    return Reply.model_validate({"status": status, "message": message, "today": today, **more})


def _language(call: Call) -> str:
    known = call.customer.language if call.customer else ""
    return known or call.company.default_language


def _email(words: object) -> str | None:
    """The address if it is one; what was misheard is dropped, the booking does without."""
    text = meaningful(words, max_length=MAX_EMAIL)
    try:
        validate_email(text)
    except ValidationError:
        return None
    return text
