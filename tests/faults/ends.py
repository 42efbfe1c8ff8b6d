"""How every story must end: each call has its one booking, nobody is bothered, and nothing waits."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from time import sleep

from django.db import close_old_connections
from django.db.models import QuerySet
from django.utils import timezone

from appointments.booking import STALE_READS
from appointments.models import Appointment, FollowUp
from mcp_gateway.models import OutboxMessage, WebhookEvent
from tests.faults.world import IN_EARNEST, FaultyWorld
from tests.waiting import eventually

# An event's lease is five minutes, and what is tried again may have to wait as long once more.
SETTLE_SECONDS = 900 if IN_EARNEST else 240

EventState, MessageState = WebhookEvent.State, OutboxMessage.State
Standing = tuple[str, str, datetime]  # booking key, uid, start
UNSETTLED = (Appointment.Status.HELD, Appointment.Status.BOOKING)


def leases_run_out() -> None:
    """The dead keep what they had claimed for minutes. In earnest that is waited for.

    Else their leases are cut short, once nobody alive can hold one any more.
    """
    if IN_EARNEST:
        return
    sleep(STALE_READS.total_seconds() + 5)
    end_leases()


def end_leases() -> None:
    """The time of whoever holds something is up at once; it must be somebody dead."""
    now = timezone.now()
    WebhookEvent.objects.filter(state=EventState.PROCESSING).update(leased_until=now)
    OutboxMessage.objects.filter(state=MessageState.SENDING).update(leased_until=now)
    Appointment.objects.filter(leased_until__gt=now).update(leased_until=now)


def nothing_waits(seconds: float = SETTLE_SECONDS) -> None:
    """Every event is done, every message sent, and every appointment is what it will stay."""

    def check() -> bool:
        close_old_connections()
        assert waiting() == []
        return True

    eventually(check, what="nothing waits", seconds=seconds)


def waiting() -> list[str]:
    events = WebhookEvent.objects.exclude(state__in=(EventState.DONE, EventState.IGNORED))
    messages = OutboxMessage.objects.exclude(state__in=(MessageState.SENT, MessageState.SKIPPED))
    appointments = Appointment.objects.filter(status__in=UNSETTLED)
    in_doubt = Appointment.objects.filter(sent_at__isnull=False)
    rows = [*events.order_by("pk"), *messages.order_by("pk"), *(appointments | in_doubt).order_by("pk")]
    return [_described(row) for row in rows]


def each_is_booked_once(world: FaultyWorld, call_ids: Iterable[str], *, called_back: Iterable[str] = ()) -> None:
    """Exactly these calls, with one scheduled appointment and one booking in Cal.com each; no other follow-ups."""
    expected = Counter((call_id, Appointment.Status.SCHEDULED) for call_id in call_ids)
    assert Counter(ours().values_list("call__call_id", "status")) == expected
    assert in_cal_com(world) == in_our_rows()
    follow_ups = Counter(FollowUp.objects.values_list("call__call_id", "kind"))
    assert follow_ups == Counter((call_id, FollowUp.Kind.CALLBACK) for call_id in called_back)


def ours() -> QuerySet[Appointment]:
    """Appointments; a hold that nobody used is none."""
    return Appointment.objects.exclude(status=Appointment.Status.EXPIRED)


def in_cal_com(world: FaultyWorld) -> Counter[Standing]:
    """All bookings there are, cancelled ones too: none was made to be undone."""
    return Counter(
        (row["metadata"]["booking_key"], row["uid"], datetime.fromisoformat(row["start"])) for row in world.bookings()
    )


def in_our_rows() -> Counter[Standing]:
    rows = ours().values_list("booking_key", "calcom_booking_uid", "starts_at")
    return Counter((str(key), uid, start) for key, uid, start in rows)


def _described(row: WebhookEvent | OutboxMessage | Appointment) -> str:
    told = ("state", "status", "attempts", "leased_until", "sent_at", "last_error")
    return f"{row} " + " ".join(f"{name}={getattr(row, name)}" for name in told if hasattr(row, name))
