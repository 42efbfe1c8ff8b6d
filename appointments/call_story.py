"""What happened around a call, in the order of time: what its provider told, and what was made of it here.

The app of a provider registers who tells its side: events, function calls, and what its words mean.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from appointments import looks, words_for_staff
from appointments.models import Appointment, Call, FollowUp
from mcp_gateway import trail
from mcp_gateway.models import AuditEntry
from mcp_gateway.viewing import VIEWED

MAX_ENTRIES = 100


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One line of the story; `at` is an instant, None where nobody knows when. `said` and `told` are people's words."""

    at: datetime | None
    what: SafeString | str
    badge: SafeString | str = ""
    said: str = ""
    told: str = ""
    details: str = ""
    url: str = ""
    permission: str = ""


@dataclass(frozen=True, kw_only=True)
class Teller:
    """A provider's side: its moments of a call, and why a call ended, in words."""

    moments: Callable[[Call], list[Moment]]
    why_ended: Callable[[str], Any]


_tellers: dict[str, Teller] = {}


def register_teller(provider: str, teller: Teller) -> None:
    _tellers[provider] = teller


def why_ended(call: Call) -> str:
    """In words, where the provider's app knows them; else as the provider said."""
    teller = _tellers.get(call.provider)
    return str(teller.why_ended(call.disconnection_reason)) if teller else call.disconnection_reason


def story(call: Call, appointments: Sequence[Appointment], request: HttpRequest) -> list[Moment]:
    """Of a call with these appointments, as far as the reader may see it; what has no time comes last."""
    teller = _tellers.get(call.provider)
    follow_ups = list(call.follow_ups.order_by("created_at"))
    moments = [
        *_course(call),
        *(teller.moments(call) if teller else []),
        *map(_of_appointment, appointments),
        *map(_of_follow_up, follow_ups),
        *_changes(appointments, follow_ups, request),
    ]
    seen = [moment for moment in moments if not moment.permission or request.user.has_perm(moment.permission)]
    return sorted(seen, key=lambda moment: (moment.at is None, moment.at or call.created_at))


def _course(call: Call) -> list[Moment]:
    began = [Moment(at=call.started_at, what=_("The call began"))] if call.started_at else []
    ended = [Moment(at=call.ended_at, what=_("The call ended"), details=why_ended(call))] if call.ended_at else []
    return [*began, *ended]


def _of_appointment(row: Appointment) -> Moment:
    return Moment(
        at=row.created_at,
        what=_("Appointment: %(appointment)s") % {"appointment": words_for_staff.named(row)},
        badge=looks.appointment_badge(row.status),
        details=row.last_error or row.cancellation_reason,
        url=reverse("admin:appointments_appointment_change", args=(row.pk,)),
        permission="appointments.view_appointment",
    )


def _of_follow_up(row: FollowUp) -> Moment:
    return Moment(
        at=row.created_at,
        what=row.what_to_do,
        badge=looks.kind_badge(row.kind),
        url=reverse("admin:appointments_followup_change", args=(row.pk,)),
        permission="appointments.view_followup",
    )


def _changes(appointments: Sequence[Appointment], follow_ups: list[FollowUp], request: HttpRequest) -> list[Moment]:
    """What was done with them since, in the words of the audit trail."""
    kinds = (("Appointment", appointments), ("FollowUp", follow_ups))
    about = [Q(object_type=name, object_id__in=[str(row.pk) for row in rows]) for name, rows in kinds if rows]
    if not about:
        return []
    entries = AuditEntry.objects.filter(Q(*about, _connector=Q.OR)).exclude(action=VIEWED)[:MAX_ENTRIES]
    return [
        Moment(at=told.entry.at, what=told.sentence, details=told.entry.reason) for told in trail.told(request, entries)
    ]
