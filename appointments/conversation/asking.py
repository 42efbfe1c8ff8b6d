"""Questions back to the caller: for what is missing, and for what is not wholly understood."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.conversation import speaking
from appointments.conversation.turn import Turn
from appointments.follow_ups import call_back
from appointments.models import Service
from appointments.service_names import ServiceMatch, find_service
from appointments.spoken import USUAL_OPENING, Problem, Understanding, speak_date, understand
from appointments.staff_language import for_staff
from appointments.voice import Reply, meaningful

MAX_DATE, MAX_TIME, MAX_SERVICE = 120, 120, 250


def understood(turn: Turn, date: object, time: object) -> Understanding:
    """When the caller would like to come, as far as it was understood."""
    return understand(
        meaningful(date, max_length=MAX_DATE + 1),
        meaningful(time, max_length=MAX_TIME + 1),
        now=turn.heard_at,
        zone=turn.zone,
        opening=turn.company.opening or USUAL_OPENING,
    )


def wanted_service(turn: Turn, *, earlier_id: int | None = None) -> Service | Reply:
    """The service that was named, else the one that this call is about already; or the question which one."""
    match = find_service(turn.company, meaningful(turn.said.service, max_length=MAX_SERVICE))
    if match.service is None and meaningful(turn.said.service, max_length=MAX_SERVICE) is None:
        earlier = next((service for service in match.candidates if service.pk == earlier_id), None)
        return earlier or ask_service(turn, match)
    return match.service or ask_service(turn, match)


def ask_service(turn: Turn, match: ServiceMatch) -> Reply:
    names = [service.name for service in match.candidates]
    if not names:
        told = gettext_lazy("The caller wanted an appointment, but no service can be booked. Set one up.")
        call_back(turn.call, for_staff(turn.company, told))
        message = _("I can't book appointments at the moment. Somebody will gladly call you back.")
        return turn.reply("no_services", message)
    message = _("Which service would you like? There is: %(services)s.") % {"services": ", ".join(names)}
    return turn.question("service_required", message, services=names)


def ask_when(turn: Turn, when: Understanding) -> Reply:
    problem = when.problem or Problem.TIME_REQUIRED
    candidates = [speak_date(date, turn.language) for date in when.candidates]
    return turn.question(problem.value, turn.with_today(_question(problem, candidates)), candidates=candidates)


def ask_which_offer(turn: Turn, starts: Sequence[datetime]) -> Reply:
    message = _("Which of these times would you like: %(times)s?") % {"times": speaking.choice(turn, starts)}
    return turn.question("choice_unclear", message, alternatives=[speaking.as_data(turn, start) for start in starts])


def _question(problem: Problem, candidates: list[str]) -> str:
    if problem is Problem.WEEKDAY_MISMATCH and candidates:
        return _("The weekday and the date don't match. Do you mean %(dates)s?") % {
            "dates": speaking.either(candidates)
        }
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
