"""What staff may do with an appointment, besides moving it: when, in which words, and how."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import desk
from appointments.models import Appointment, Company
from mcp_gateway.principal import Principal

Status = Appointment.Status


@dataclass(frozen=True, kw_only=True)
class Act:
    """`does` raises NotChangeable and CalendarError; `says` tells what will happen."""

    name: str
    title: str | Promise
    done: str | Promise
    says: Callable[[Appointment], list[str]]
    is_open: Callable[[Appointment], bool]
    does: Callable[..., Appointment]
    needs_reason: bool = False
    is_dangerous: bool = False


def may_move(appointment: Appointment) -> bool:
    return appointment.status == Status.SCHEDULED and appointment.starts_at > timezone.now()


def may_book_again(appointment: Appointment) -> bool:
    return appointment.status in (Status.FAILED, Status.CANCELLED, Status.EXPIRED)


def customer_is_told(appointment: Appointment) -> str:
    if appointment.company.mails_customers == Company.Mailer.US:
        return _("This system writes to the customer, where an e-mail address is known.")
    return _("Cal.com writes to the customer, where an e-mail address is known.")


def _waits(appointment: Appointment) -> bool:
    return appointment.status == Status.BOOKING and appointment.calcom_booking_uid is not None


def _is_ahead(appointment: Appointment) -> bool:
    return appointment.status == Status.SCHEDULED and appointment.ends_at > timezone.now()


def _can_become(status: Appointment.Status, appointment: Appointment) -> bool:
    is_booked = appointment.status in (Status.SCHEDULED, *desk.CLOSED)
    return is_booked and appointment.status != status and appointment.starts_at <= timezone.now()


def _close(status: Appointment.Status, appointment: Appointment, *, by: Principal, reason: str) -> Appointment:
    return desk.close(appointment, status, by=by, reason=reason)


def _only_here(appointment: Appointment) -> list[str]:
    return [_("It is noted here. Nobody is told, and nothing changes in Cal.com.")]


def _confirm_says(appointment: Appointment) -> list[str]:
    return [_("The booking is accepted in Cal.com, and the appointment is scheduled."), customer_is_told(appointment)]


def _cancel_says(appointment: Appointment) -> list[str]:
    return [
        _("The booking is cancelled in Cal.com, and the time becomes free for others."),
        customer_is_told(appointment),
        _("This can't be undone: another appointment would have to be booked."),
    ]


def _act(**fields: Any) -> tuple[str, Act]:
    return fields["name"], Act(**fields)


ACTS = dict(
    (
        _act(
            name="confirm",
            title=gettext_lazy("Confirm"),
            done=gettext_lazy("Confirmed: %(appointment)s."),
            says=_confirm_says,
            is_open=_waits,
            does=desk.confirm,
        ),
        _act(
            name="completed",
            title=gettext_lazy("The customer came"),
            done=gettext_lazy("Noted as completed: %(appointment)s."),
            says=_only_here,
            is_open=partial(_can_become, Status.COMPLETED),
            does=partial(_close, Status.COMPLETED),
        ),
        _act(
            name="no-show",
            title=gettext_lazy("The customer did not come"),
            done=gettext_lazy("Noted as no-show: %(appointment)s."),
            says=_only_here,
            is_open=partial(_can_become, Status.NO_SHOW),
            does=partial(_close, Status.NO_SHOW),
        ),
        _act(
            name="cancel",
            title=gettext_lazy("Cancel the appointment"),
            done=gettext_lazy("Cancelled: %(appointment)s."),
            says=_cancel_says,
            is_open=_is_ahead,
            does=desk.cancel,
            needs_reason=True,
            is_dangerous=True,
        ),
    )
)
