"""Asking people to do what the system could not: about a call or an appointment, once for each kind of task."""

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment, Call, FollowUp
from appointments.notifications import tell_staff
from appointments.staff_language import for_staff
from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal

MAX_TOLD = 4000
BY = Principal.of_task("follow-ups")
WAITS_FOR_CONFIRMATION = _("The booking waits for confirmation in the calendar.")


def review_call(call: Call, what_to_do: str) -> None:
    """Ask people to look at the call."""
    _ask(call, FollowUp.Kind.NEEDS_REVIEW, what_to_do)


@transaction.atomic
def call_back(call: Call, what_to_do: str, *, about: Appointment | None = None) -> None:
    """Ask people to call back about this call; what is asked for later is added, and opens the task again.

    `about`: only because of a change of this appointment that could not be made (see `changed_after_all`).
    """
    row = _ask(call, FollowUp.Kind.CALLBACK, what_to_do, about=about)
    is_told = what_to_do in row.what_to_do
    # A wish that was fulfilled may be uttered again, and fail.
    if is_told and not (about and row.status == FollowUp.Status.DONE):
        return
    count_opening(FollowUp.objects.filter(pk=row.pk))
    if not is_told:
        row.what_to_do = f"{row.what_to_do}\n{what_to_do}"[:MAX_TOLD]
    if row.appointment_id != (about and about.pk):
        row.appointment = None
    before, row.status = row.status, FollowUp.Status.OPEN
    row.save(update_fields=["appointment", "what_to_do", "status", "updated_at"])
    row.refresh_from_db(fields=["openings"])
    _record(row.pk, row.company_id, before, row.status)
    tell_staff(row)


def never_changed(appointment: Appointment, what_to_do: str) -> None:
    """Ask people to call the customer whose wish for a change was lost on its way, unless they are to do so anyway."""
    waits = appointment.follow_ups.filter(kind=FollowUp.Kind.CALLBACK).exclude(status=FollowUp.Status.DONE)
    if not waits.exists():
        row = FollowUp.objects.create(
            company=appointment.company,
            call=appointment.call,
            appointment=appointment,
            kind=FollowUp.Kind.CALLBACK,
            what_to_do=what_to_do,
        )
        _record(row.pk, row.company_id, "", row.status)
        tell_staff(row)


def changed_unheard(appointment: Appointment, what_was_done: str) -> None:
    """It was changed, and whoever asked for it has had no answer: who is to call back anyway is to say so."""
    waits = appointment.follow_ups.filter(kind=FollowUp.Kind.CALLBACK).exclude(status=FollowUp.Status.DONE)
    for row in waits.exclude(what_to_do__contains=what_was_done):
        row.what_to_do = f"{row.what_to_do}\n{what_was_done}"[:MAX_TOLD]
        row.save(update_fields=["what_to_do", "updated_at"])
        _record(row.pk, row.company_id, row.status, row.status)


def changed_after_all(appointment: Appointment) -> None:
    """It could be changed in the end: who was to call back only because of that need not."""
    _finish(appointment.follow_ups.filter(kind=FollowUp.Kind.CALLBACK))


def count_opening(rows: QuerySet[FollowUp]) -> None:
    """Note that these are about to be opened again, where they are not open: that is told once more."""
    rows.exclude(status=FollowUp.Status.OPEN).update(openings=F("openings") + 1)


@transaction.atomic
def follow_up(appointment: Appointment, kind: FollowUp.Kind, what_to_do: str) -> None:
    """Ask people for it; of the same kind the latest says what to do now."""
    told = {"what_to_do": what_to_do, "status": FollowUp.Status.OPEN}
    of_kind = appointment.follow_ups.filter(kind=kind)
    before = of_kind.values_list("status", flat=True).first()
    if before:
        count_opening(of_kind)
    row, _is_new = FollowUp.objects.update_or_create(
        appointment=appointment,
        kind=kind,
        defaults=told,
        create_defaults={**told, "company": appointment.company, "call": appointment.call},
    )
    _record(row.pk, row.company_id, before or "", row.status)
    tell_staff(row)


def ask_to_confirm(appointment: Appointment) -> None:
    """Ask people for the yes that the booking waits for in the calendar."""
    follow_up(appointment, FollowUp.Kind.NEEDS_REVIEW, for_staff(appointment.company, WAITS_FOR_CONFIRMATION))


def nothing_left_to_do(appointment: Appointment) -> None:
    """It is booked: what there was to do (confirm it, look into it) is done."""
    close(appointment.follow_ups.all())


def close(follow_ups: QuerySet[FollowUp]) -> None:
    """They are done, save for what a customer who wishes a change still waits for."""
    _finish(follow_ups.exclude(kind=FollowUp.Kind.CALLBACK))


@transaction.atomic
def _ask(call: Call, kind: FollowUp.Kind, what_to_do: str, *, about: Appointment | None = None) -> FollowUp:
    """The call's follow-up of this kind, made if there is none. The call's row is locked: two would make two."""
    Call.objects.select_for_update().filter(pk=call.pk).values_list("pk").first()
    of_kind = FollowUp.objects.filter(call=call, kind=kind).order_by("pk")
    # Of other kinds an appointment of the call may have one of its own.
    row = (of_kind if kind == FollowUp.Kind.CALLBACK else of_kind.filter(appointment=None)).first()
    if row is None:
        row = FollowUp.objects.create(
            company=call.company, call=call, appointment=about, kind=kind, what_to_do=what_to_do[:MAX_TOLD]
        )
        _record(row.pk, row.company_id, "", row.status)
        tell_staff(row)
    return row


@transaction.atomic
def _finish(rows: QuerySet[FollowUp]) -> None:
    """Mostly there is none: then this is one query."""
    done = FollowUp.Status.DONE
    for key, company_id, status in rows.exclude(status=done).values_list("pk", "company_id", "status"):
        if FollowUp.objects.filter(pk=key).exclude(status=done).update(status=done, updated_at=timezone.now()):
            _record(key, company_id, status, done)


def _record(key: int, company_id: int, before: str, after: str) -> None:
    """Without what is to be done: that may be what a caller said. `before` is "" where it is new."""
    what = "added_to" if before == after else "done" if after == FollowUp.Status.DONE else "opened"
    record_by(
        BY,
        action=f"follow_up.{what}",
        object_type="FollowUp",
        object_id=key,
        company_id=company_id,
        before={"status": str(before)} if before else {},
        after={"status": str(after)},
    )
