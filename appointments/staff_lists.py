"""The saved views of calls, appointments and follow-ups; the overview counts with the same conditions.

Days are those of the staff's zone. Calls and bookings of tests count nowhere, but have a view of their own.
"""

from datetime import date, timedelta

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.figures import BOOKED
from appointments.models import Appointment, Call, FollowUp
from mcp_gateway.periods import Period
from mcp_gateway.staff_admin import VIEW_VAR, SavedView

Status = Appointment.Status
# A call is heard of when it begins, give or take; with that the database reads the latest calls only.
CLOCKS_DIFFER = timedelta(hours=1)
FAILED_LATELY = timedelta(days=30)
NO_TEST = Q(call=None) | Q(call__is_test=False)
# Not case-sensitive, or MariaDB would compare bytes, for which it has no index.
CALL_FAILED = Q(status__in=(Call.Status.ERROR, Call.Status.NOT_CONNECTED)) | Q(
    disconnection_reason__istartswith="error"
)
APPOINTMENT_FAILED = Q(status=Status.FAILED) | Q(last_error__gt="")
OPEN = ~Q(status=FollowUp.Status.DONE)


def staff_today() -> date:
    return timezone.localdate()


def days(first: date, last: date) -> Period:
    """From the first to the last day, in the staff's zone."""
    return Period(timezone.get_current_timezone(), first, last)


def calls_of(period: Period) -> Q:
    """Calls, without tests, that began in the period; those whose beginning was never told, when first heard of."""
    heard = Q(created_at__gte=period.begins - CLOCKS_DIFFER)
    return heard & began_in(period) & Q(is_test=False)


def began_in(period: Period) -> Q:
    """Any calls that began in the period, as the list of calls tells their beginning."""
    return period.covers("started_at") | (Q(started_at=None) & period.covers("created_at"))


def booked_in(period: Period) -> Q:
    """Appointments that were made in the period and stood in the calendar, whatever became of them."""
    return period.covers("created_at") & Q(status__in=BOOKED) & NO_TEST


def taking_place(first: date, last: date) -> Q:
    return days(first, last).covers("starts_at") & Q(
        status__in=(Status.BOOKING, Status.SCHEDULED, Status.COMPLETED, Status.NO_SHOW)
    )


def failed_from_today() -> Q:
    """What failed and is still ahead: it can be put right."""
    return Q(status=Status.FAILED, starts_at__gte=days(staff_today(), staff_today()).begins) & NO_TEST


def _today(request: HttpRequest) -> Period:
    return days(staff_today(), staff_today())


def _tomorrow() -> date:
    return staff_today() + timedelta(days=1)


CALLS_TODAY = SavedView(_("Today"), {VIEW_VAR: "today"}, lambda request: calls_of(_today(request)))
CALL_VIEWS = (
    CALLS_TODAY,
    SavedView(
        _("Failed (30 days)"),
        {VIEW_VAR: "failed"},
        lambda request: CALL_FAILED & Q(created_at__gte=timezone.now() - FAILED_LATELY, is_test=False),
    ),
    SavedView(
        _("Needs attention"),
        {VIEW_VAR: "needs_attention"},
        lambda request: Q(pk__in=FollowUp.objects.filter(OPEN).order_by().values("call")),
    ),
    SavedView(_("Tests"), {VIEW_VAR: "tests"}, lambda request: Q(is_test=True)),
)

BOOKED_TODAY = SavedView(_("Booked today"), {VIEW_VAR: "booked_today"}, lambda request: booked_in(_today(request)))
FAILED_BOOKINGS = SavedView(_("Failed, from today on"), {VIEW_VAR: "failed"}, lambda request: failed_from_today())
APPOINTMENT_VIEWS = (
    SavedView(_("Today"), {VIEW_VAR: "today"}, lambda request: taking_place(staff_today(), staff_today())),
    SavedView(_("Tomorrow"), {VIEW_VAR: "tomorrow"}, lambda request: taking_place(_tomorrow(), _tomorrow())),
    BOOKED_TODAY,
    FAILED_BOOKINGS,
    SavedView(
        _("Waits for confirmation"),
        {VIEW_VAR: "waits"},
        lambda request: Q(status=Status.BOOKING, calcom_booking_uid__isnull=False),
    ),
)

OPEN_FOLLOW_UPS = SavedView(_("Open"), {VIEW_VAR: "open"}, lambda request: OPEN)
FOLLOW_UP_VIEWS = (
    OPEN_FOLLOW_UPS,
    SavedView(_("Mine"), {VIEW_VAR: "mine"}, lambda request: OPEN & Q(assignee=request.user.pk)),
    SavedView(_("Done"), {VIEW_VAR: "done"}, lambda request: ~OPEN),
)
