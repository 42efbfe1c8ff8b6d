"""Workers that are killed in the middle of a long action: another goes on, and no item is done twice or left out."""

from collections import Counter
from functools import partial
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from appointments.models import Appointment
from calcom.long_actions import start_comparison
from mcp_gateway import background, replays
from mcp_gateway.models import AuditEntry, LongAction, WebhookEvent
from tests.factories import make_company
from tests.faults.calls import start_of
from tests.faults.world import TIMES, FaultyWorld, victim
from tests.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.servers]

POINTS = ["long_action.claimed", "long_action.worked"]
EVENTS = 60


@pytest.mark.parametrize("point", POINTS)
def test_each_event_is_replayed_once_wherever_a_worker_dies(world: FaultyWorld, point: str) -> None:
    user = User.objects.create_superuser("root")
    for number in range(TIMES):
        world.arm(point, victim(number))
        action = replays.start(dead_events(number), reason="They were dead", user=user, batch=uuid4())
        world.await_kill(point)
        LongAction.objects.filter(pk=action.pk).update(leased_until=timezone.now())
        eventually(partial(is_over, action), what="the action is over", seconds=60)
        action.refresh_from_db()
        assert (action.state, action.done, action.skipped, action.failed) == ("done", EVENTS, 0, 0)
        replayed = AuditEntry.objects.filter(action="webhook_event.replayed", correlation_id=action.correlation_id)
        assert Counter(replayed.values_list("object_id", flat=True)) == {str(key): 1 for key in action.items}


@pytest.mark.parametrize("point", POINTS)
def test_each_booking_is_taken_over_once_wherever_a_worker_dies(world: FaultyWorld, point: str) -> None:
    user = User.objects.create_superuser("root")
    for number in range(TIMES):
        # One account each, for Cal.com counts the requests of each.
        company = world.company(f"salon-{number}", f"+49301234{number:04}")
        world.book_on_the_web(company, start_of(number).replace(tzinfo=company.zone))
        world.arm(point, victim(number))
        action = start_comparison(company, user=user, key=uuid4())
        world.await_kill(point)
        LongAction.objects.filter(pk=action.pk).update(leased_until=timezone.now())
        # Somebody who compares so often has to wait for the next minute in between.
        eventually(partial(is_over, action), what="the action is over", seconds=150)
        action.refresh_from_db()
        assert (action.state, action.done, action.failed) == ("done", 1, 0)
        taken_over = Appointment.objects.values_list("calcom_booking_uid", flat=True)
        assert Counter(taken_over) == {booking["uid"]: 1 for booking in world.bookings()}


def dead_events(number: int) -> dict[int, int]:
    company = make_company()
    made = WebhookEvent.objects.bulk_create(
        WebhookEvent(
            provider="retell",
            company=company,
            event="unheard_of",
            dedupe_key=f"key-{number}-{place}",
            payload={},
            state=WebhookEvent.State.DEAD,
            processed_at=timezone.now(),
        )
        for place in range(EVENTS)
    )
    keys = WebhookEvent.objects.filter(dedupe_key__in=[event.dedupe_key for event in made])
    return dict(keys.order_by("pk").values_list("pk", "company_id"))


def is_over(action: LongAction) -> bool:
    return LongAction.objects.filter(pk=action.pk, state__in=background.OVER).exists()
