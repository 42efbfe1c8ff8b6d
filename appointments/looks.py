"""How the states of the business look to staff."""

from django.utils.safestring import SafeString

from appointments.models import Appointment, Call, FollowUp
from mcp_gateway.badges import Look, badge

APPOINTMENTS = {
    Appointment.Status.HELD: Look.WAITS,
    Appointment.Status.BOOKING: Look.WAITS,
    Appointment.Status.SCHEDULED: Look.GOOD,
    Appointment.Status.COMPLETED: Look.GOOD,
    Appointment.Status.NO_SHOW: Look.CARE,
    Appointment.Status.CANCELLED: Look.QUIET,
    Appointment.Status.FAILED: Look.BAD,
    Appointment.Status.EXPIRED: Look.QUIET,
}
CALLS = {
    Call.Status.REGISTERED: Look.QUIET,
    Call.Status.NOT_CONNECTED: Look.BAD,
    Call.Status.ONGOING: Look.WAITS,
    Call.Status.ENDED: Look.GOOD,
    Call.Status.ERROR: Look.BAD,
}
FOLLOW_UPS = {
    FollowUp.Status.OPEN: Look.CARE,
    FollowUp.Status.TAKEN: Look.WAITS,
    FollowUp.Status.DONE: Look.GOOD,
}
KINDS = {
    FollowUp.Kind.CALLBACK: Look.CARE,
    FollowUp.Kind.BOOKING_FAILED: Look.BAD,
    FollowUp.Kind.NEEDS_REVIEW: Look.CARE,
}


def appointment_badge(status: str) -> SafeString:
    state = Appointment.Status(status)
    return badge(APPOINTMENTS[state], state.label)


def call_badge(status: str) -> SafeString:
    state = Call.Status(status)
    return badge(CALLS[state], state.label)


def follow_up_badge(status: str) -> SafeString:
    state = FollowUp.Status(status)
    return badge(FOLLOW_UPS[state], state.label)


def kind_badge(kind: str) -> SafeString:
    named = FollowUp.Kind(kind)
    return badge(KINDS[named], named.label)
