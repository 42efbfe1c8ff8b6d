"""Times and appointments in a sentence, in the language of who hears them."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appointments.models import Appointment
from appointments.spoken import speak_date, speak_time

MAX_SPOKEN = 6


class Hearer(Protocol):
    """Who is spoken to: in this language, of times in this zone."""

    @property
    def zone(self) -> ZoneInfo: ...

    @property
    def language(self) -> str: ...


def moment(to: Hearer, start: datetime) -> str:
    """ "Dienstag, 3. März 2026, um 14 Uhr 30"."""
    return _("%(date)s at %(time)s") % {"date": day(to, start), "time": clock(to, start)}


def day(to: Hearer, start: datetime) -> str:
    return speak_date(start.astimezone(to.zone).date(), to.language)


def clock(to: Hearer, start: datetime) -> str:
    return speak_time(start.astimezone(to.zone).time(), to.language)


def choice(to: Hearer, starts: Sequence[datetime]) -> str:
    """The times by day, each day named once: "Dienstag, 3. März 2026, um 9 Uhr oder 10 Uhr; Mittwoch, …"."""
    days = groupby(starts, key=lambda start: start.astimezone(to.zone).date())
    return "; ".join(
        _("%(date)s at %(time)s")
        % {"date": speak_date(date, to.language), "time": either([clock(to, start) for start in group])}
        for date, group in days
    )


def free_instead(to: Hearer, wished: datetime | None, others: Sequence[datetime]) -> str:
    """That nothing is free at the time wished (None: at no time as asked), and what is, or the question for a day."""
    if wished is None:
        nothing = _("There is nothing free then.")
    else:
        nothing = _("There is nothing free on %(moment)s.") % {"moment": moment(to, wished)}
    if not others:
        return " ".join((nothing, _("Which other day would suit you?")))
    times = {"times": choice(to, others)}
    return " ".join((nothing, _("Free would be: %(times)s. Which would you like?") % times))


def either(words: Sequence[str]) -> str:
    """ "eins, zwei oder drei"."""
    if len(words) < 2:
        return "".join(words)
    return _("%(several)s or %(last)s") % {"several": ", ".join(words[:-1]), "last": words[-1]}


def appointment_list(to: Hearer, appointments: Sequence[Appointment]) -> str:
    """ "Herrenschnitt am Dienstag, 3. März 2026 um 9 Uhr; Färben am …"; nobody listens to more than a few."""
    told = [named(to, appointment) for appointment in appointments[:MAX_SPOKEN]]
    if more := len(appointments) - len(told):
        told.append(ngettext("%(count)d more", "%(count)d more", more) % {"count": more})
    return "; ".join(told)


def named(to: Hearer, appointment: Appointment) -> str:
    return _("%(service)s on %(moment)s") % {
        "service": appointment.service.name,
        "moment": moment(to, appointment.starts_at),
    }


def as_data(to: Hearer, start: datetime) -> dict[str, Any]:
    """The same for the agent's variables: `date` and `time` are the company's wall clock."""
    local = start.astimezone(to.zone)
    return {
        "date": local.date().isoformat(),
        "time": f"{local:%H:%M}",
        "spoken_date": day(to, start),
        "spoken_time": clock(to, start),
    }
