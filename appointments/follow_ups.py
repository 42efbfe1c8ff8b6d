"""Asking people to do what the system could not: about a call, once for each kind of task."""

from django.db import transaction
from django.db.models import F, QuerySet

from appointments.models import Call, FollowUp
from appointments.notifications import tell_staff

MAX_TOLD = 4000


def review_call(call: Call, what_to_do: str) -> None:
    """Ask people to look at the call."""
    _ask(call, FollowUp.Kind.NEEDS_REVIEW, what_to_do)


@transaction.atomic
def call_back(call: Call, what_to_do: str) -> None:
    """Ask people to call back about this call; what is asked for later is added, and opens the task again."""
    row = _ask(call, FollowUp.Kind.CALLBACK, what_to_do)
    if what_to_do in row.what_to_do:
        return
    count_opening(FollowUp.objects.filter(pk=row.pk))
    row.what_to_do = f"{row.what_to_do}\n{what_to_do}"[:MAX_TOLD]
    row.status = FollowUp.Status.OPEN
    row.save(update_fields=["what_to_do", "status", "updated_at"])
    row.refresh_from_db(fields=["openings"])
    tell_staff(row)


def count_opening(rows: QuerySet[FollowUp]) -> None:
    """Note that these are about to be opened again, where they are not open: that is told once more."""
    rows.exclude(status=FollowUp.Status.OPEN).update(openings=F("openings") + 1)


@transaction.atomic
def _ask(call: Call, kind: FollowUp.Kind, what_to_do: str) -> FollowUp:
    """The call's follow-up of this kind, made if there is none. The call's row is locked: two would make two."""
    Call.objects.select_for_update().filter(pk=call.pk).values_list("pk").first()
    row = FollowUp.objects.filter(call=call, appointment=None, kind=kind).first()
    if row is None:
        row = FollowUp.objects.create(company=call.company, call=call, kind=kind, what_to_do=what_to_do[:MAX_TOLD])
        tell_staff(row)
    return row
