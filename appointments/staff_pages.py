"""The staff's front page."""

from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from appointments.day import Day, day_of
from appointments.staff_lists import BOOKED_TODAY, CALLS_TODAY, FAILED_BOOKINGS, OPEN_FOLLOW_UPS
from mcp_gateway.badges import Look, badge
from mcp_gateway.charts import DailyChart, Series
from mcp_gateway.models import WebhookEvent
from mcp_gateway.staff_admin import count_text
from mcp_gateway.staff_pages import Section, render, staff_page
from mcp_gateway.templatetags.staff import duration


class Permission(TextChoices):
    """What a part of the page shows only to those who may see it."""

    CALLS = "appointments.view_call"
    APPOINTMENTS = "appointments.view_appointment"
    FOLLOW_UPS = "appointments.view_followup"
    EVENTS = "mcp_gateway.view_webhookevent"


@dataclass(frozen=True)
class Tile:
    permission: Permission
    number: object
    words: Any
    url: str
    badge: SafeString | str = ""


@staff_page("", name="dashboard", title=gettext_lazy("Overview"), section=Section.DAY)
def dashboard(request: HttpRequest) -> HttpResponseBase:
    """The day of the companies that the member of staff may see."""
    day = day_of(request)
    context = {
        "title": _("Overview"),
        "day": day,
        "tiles": [tile for tile in _tiles(day) if request.user.has_perm(tile.permission)],
        "chart": _chart(day),
        "troubles": _troubles(day),
        "may": {permission.name.lower(): request.user.has_perm(permission) for permission in Permission},
    }
    return render(request, "staff/dashboard.html", context)


def _tiles(day: Day) -> list[Tile]:
    waiting = f"{_list('mcp_gateway_webhookevent')}?state__exact={WebhookEvent.State.RECEIVED}"
    return [
        Tile(
            Permission.CALLS,
            day.calls[-1],
            ngettext("call today", "calls today", day.calls[-1]),
            _list("appointments_call") + CALLS_TODAY.url,
        ),
        Tile(
            Permission.APPOINTMENTS,
            day.bookings[-1],
            ngettext("booking today", "bookings today", day.bookings[-1]),
            _list("appointments_appointment") + BOOKED_TODAY.url,
        ),
        Tile(
            Permission.APPOINTMENTS,
            count_text(day.failures),
            ngettext("failed booking, from today on", "failed bookings, from today on", day.failures),
            _list("appointments_appointment") + FAILED_BOOKINGS.url,
            badge(Look.BAD, _("to be put right")) if day.failures else "",
        ),
        Tile(
            Permission.FOLLOW_UPS,
            count_text(day.open_follow_ups),
            ngettext("open follow-up", "open follow-ups", day.open_follow_ups),
            _list("appointments_followup") + OPEN_FOLLOW_UPS.url,
        ),
        Tile(
            Permission.EVENTS,
            day.waiting_events,
            _waiting(day),
            waiting,
        ),
        Tile(Permission.EVENTS, "", _("worker"), waiting, _workers(day)),
        Tile(Permission.EVENTS, "", _("timed tasks"), waiting, _beat(day)),
    ]


def _waiting(day: Day) -> str:
    if not day.oldest_waiting:
        return ngettext("waiting event", "waiting events", day.waiting_events)
    told = ngettext("waiting event, for %(time)s", "waiting events; the oldest waits %(time)s", day.waiting_events)
    return told % {"time": duration(day.made_at - day.oldest_waiting)}


def _workers(day: Day) -> SafeString:
    words = {
        "ok": (Look.GOOD, _("answers")),
        "no worker answered": (Look.BAD, _("no worker answers")),
        "the broker does not answer": (Look.BAD, _("the broker does not answer")),
    }
    return badge(*words[day.workers])


def _beat(day: Day) -> SafeString:
    if day.last_sweep is None:
        return badge(Look.CARE, _("no sign of life known"))
    age = _("last seen %(time)s ago") % {"time": duration(day.made_at - day.last_sweep)}
    return badge(Look.BAD if day.is_beat_late else Look.GOOD, age)


def _troubles(day: Day) -> list[str]:
    """What does not work at this moment, and what that means."""
    found = []
    if day.workers != "ok":
        found.append(_("No worker is at work: what comes in is kept, and worked on when one is back."))
    if not day.cache_answers:
        found.append(_("The cache does not answer: pages are slower, and timed tasks can't be seen."))
    elif day.is_beat_late:
        found.append(_("Timed tasks stand still: what was missed once is not tried again until they run."))
    return found


def _chart(day: Day) -> DailyChart:
    description = _(
        "%(calls)s calls and %(bookings)s bookings in the last %(days)s days, most calls in a day: %(most)s."
    )
    numbers = {
        "calls": sum(day.calls),
        "bookings": sum(day.bookings),
        "days": len(day.days),
        "most": max(day.calls),
    }
    return DailyChart(
        name="chart",
        title=_("Calls and bookings per day"),
        description=description % numbers,
        days=day.days,
        series=(Series(_("calls"), day.calls), Series(_("bookings"), day.bookings)),
    )


def _list(model: str) -> str:
    return reverse(f"admin:{model}_changelist")
