"""What becomes of a caller's wish when the call is over: the committed intent to book it, or a person's task.

    a wanted wish     its hold, or the time if that is still free, becomes an appointment that is `booking`
    an open wish      was not settled: nothing is booked, staff call back
    any other wish    nothing: it was dropped, could not be had, or is in somebody's hands

One row per call, whoever comes first and however often.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.availability import busy, has_room, period_of
from appointments.booking import book
from appointments.calendar import calendar_of
from appointments.follow_ups import call_back, review_call
from appointments.holds import let_go, locked, own_appointment, wish_columns
from appointments.models import Appointment, Call, FollowUp, Service
from appointments.staff_language import for_staff
from appointments.trying_again import give_up
from appointments.wishes import Wish, booking_key, hand_over_wish, wish_of
from mcp_gateway.deadlocks import rerun_on_deadlock
from mcp_gateway.kill_points import kill_point
from mcp_gateway.principal import Principal

Status = Appointment.Status

FORGOTTEN_CALLS = timedelta(days=2)
# An intent to book is made of these; whatever else there is of the call stands.
NOT_INTENDED_YET = (Status.HELD, Status.EXPIRED)


def book_wish(call: Call) -> Appointment | None:
    """Turn the wish of a call that is over into a booking; None when there is nothing to book (yet)."""
    if not call.is_over:
        return None
    wish = wish_of(call)
    if wish is not None and wish.state == "wanted":
        kill_point("intent.wanted")
        appointment = _intended(call, wish)
        kill_point("intent.written")
        return book(appointment) if appointment else None
    if wish is None and call.collected_data:
        told = _("The caller's wish can't be read any more: look at the call and call back.")
        review_call(call, for_staff(call.company, told))
    if wish is not None and wish.state == "open":
        _hand_over(call, wish)
    if (held := own_appointment(call)) is not None:
        let_go(held, calendar_of(held.company), by=Principal.of_task("booking"))
    return None


@rerun_on_deadlock
def intended_appointment(call: Call, wish: Wish) -> Appointment:
    """The committed intent to book the wish. Raises Service.DoesNotExist where nobody offers it any more.

    A hold that has run out is taken up again if nobody else was promised the time meanwhile; else it fails, with a
    follow-up.
    """
    service = call.company.services.get(pk=wish.service_id)
    with locked(service):
        # What was booked and then cancelled counts: late and repeated news of the call must not book it again.
        own = Appointment.objects.select_related("service").filter(call=call).order_by("-pk").first()
        if own is not None:
            own.call, own.company = call, call.company  # read already
        if own is not None and own.status not in NOT_INTENDED_YET:
            return own
        is_kept = own is not None and _keeps(own, wish)
        taken = [] if is_kept else busy(service, period_of(service, wish.starts_at), besides=call)
        appointment = _write_intent(call, wish, service, own)
        if not has_room(service, wish.starts_at, taken):
            told = _("Call back and agree on another time: somebody else was promised this one meanwhile.")
            give_up(appointment, FollowUp.Kind.BOOKING_FAILED, for_staff(call.company, told))
            appointment.refresh_from_db()
    return appointment


def calls_to_book(limit: int = 100) -> list[int]:
    """Calls that ended lately with a wish that nothing was made of."""
    since = timezone.now() - FORGOTTEN_CALLS
    rows = Call.objects.filter(status__in=Call.OVER, updated_at__gte=since).exclude(collected_data={})
    # Not by "is none of their calls": appointments of no call would make that unknown of every call.
    rows = rows.exclude(Exists(Appointment.objects.filter(call=OuterRef("pk")).exclude(status__in=NOT_INTENDED_YET)))
    rows = rows.exclude(follow_ups__kind=FollowUp.Kind.NEEDS_REVIEW)
    # A wish without a state was noted before wishes had one: it is wanted, or can't be read.
    rows = rows.filter(Q(collected_data__state__isnull=True) | Q(collected_data__state__in=("wanted", "open")))
    return list(rows.order_by("updated_at").values_list("pk", flat=True)[:limit])


def _intended(call: Call, wish: Wish) -> Appointment | None:
    try:
        return intended_appointment(call, wish)
    except Service.DoesNotExist:
        told = _("%(service)s is no longer offered. The caller wished it for %(when)s: call back.")
        review_call(call, for_staff(call.company, told, service=wish.service_type, when=wish.starts_at))
        return None


def _keeps(own: Appointment, wish: Wish) -> bool:
    """Whether the call's hold is for this wish and has not run out."""
    is_live = own.status == Status.HELD and own.held_until is not None and own.held_until > timezone.now()
    return is_live and own.starts_at == wish.starts_at and own.service_id == wish.service_id


def _write_intent(call: Call, wish: Wish, service: Service, own: Appointment | None) -> Appointment:
    columns = {**wish_columns(call, wish, service), "status": Status.BOOKING, "held_until": None}
    if own is None:
        return Appointment.objects.update_or_create(booking_key=booking_key(call), defaults=columns)[0]
    for name, value in columns.items():
        setattr(own, name, value)
    own.save(update_fields=[*columns, "updated_at"])
    return own


@transaction.atomic
def _hand_over(call: Call, wish: Wish) -> None:
    """The call ended while the caller was still choosing: their last word is not known."""
    told = for_staff(
        call.company,
        _(
            "Call back: %(name)s wished %(service)s for %(when)s and was asked something about it, but the call ended "
            "before it was settled. Nothing is booked."
        ),
        name=wish.customer_name,
        service=wish.service_type,
        when=wish.starts_at,
    )
    call_back(call, told)
    hand_over_wish(call, timezone.now())
