"""Events as they should not come: again, late, in any order, and by a wrong clock."""

import time
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.urls import reverse
from django.utils import timezone

from appointments.models import Appointment, Call, Company
from mcp_gateway.models import WebhookEvent
from retell.sandbox.delivery import encoded
from retell.sandbox.signing import HEADER, sign
from tests.faults.calls import call_id, wishing_call
from tests.faults.ends import each_is_booked_once, nothing_waits
from tests.faults.world import FaultyWorld
from tests.servers import Redis

pytestmark = [pytest.mark.processes, pytest.mark.servers]

MINUTE, HOUR, DAY = 60_000, 3_600_000, 24 * 3_600_000  # milliseconds
WINDOW = 5 * MINUTE
MARGIN = 10_000  # more than a request takes on its way


def post(world: FaultyWorld, company: Company, call: dict[str, Any], *, age_ms: int = 0) -> int:
    """Send the end of a call as it was signed that long ago; the status of the answer."""
    url = world.app_url + reverse("retell-webhook-of", args=[company.retell_configurations.get().pk])
    body = encoded({"event": "call_ended", "call": call})
    signature = sign(body, company.retell_webhook_key, int(time.time() * 1000) - age_ms)
    headers = {HEADER: signature, "Content-Type": "application/json"}
    return requests.post(url, data=body, headers=headers, timeout=30).status_code


class TestTheSameBodyAgain:
    @pytest.mark.parametrize("age_ms", [HOUR, 3 * DAY])
    def test_with_its_old_signature_it_is_refused(self, world: FaultyWorld, age_ms: int) -> None:
        company = world.company()
        report = world.play(wishing_call(company, 0))
        nothing_waits()
        events = list(WebhookEvent.objects.values())
        assert post(world, company, report["call"], age_ms=age_ms) == 401
        assert list(WebhookEvent.objects.values()) == events
        each_is_booked_once(world, [call_id(company, 0)])

    def test_within_the_window_or_signed_anew_it_is_taken_for_what_it_is(self, world: FaultyWorld) -> None:
        company = world.company()
        report = world.play(wishing_call(company, 0))
        nothing_waits()
        events = list(WebhookEvent.objects.values())
        statuses = [post(world, company, report["call"], age_ms=age) for age in (0, 4 * MINUTE)]
        assert statuses == [204, 204]
        assert list(WebhookEvent.objects.values()) == events
        each_is_booked_once(world, [call_id(company, 0)])


def test_an_end_that_comes_days_late_books_what_was_wished(world: FaultyWorld, redis: Redis) -> None:
    company = world.company()
    report = world.play(wishing_call(company, 0, skip_events=["call_ended", "call_analyzed"]))
    days_ago = timezone.now() - timedelta(days=3)
    redis.flush()
    Appointment.objects.update(held_until=days_ago)
    Call.objects.update(created_at=days_ago, started_at=days_ago, updated_at=days_ago)
    assert post(world, company, report["call"]) == 204
    nothing_waits()
    each_is_booked_once(world, [call_id(company, 0)])


@pytest.mark.parametrize("order", ["normal", "reversed"])
def test_events_that_come_doubled_all_at_once_and_in_any_order_book_once(world: FaultyWorld, order: str) -> None:
    company = world.company()
    for number in range(5):
        world.play(wishing_call(company, number, order=order, deliveries=3, parallel="all"))
    nothing_waits()
    each_is_booked_once(world, [call_id(company, number) for number in range(5)])
    assert WebhookEvent.objects.count() == 5 * 3


class TestAnotherClock:
    @pytest.mark.parametrize("skew_ms", [WINDOW - MARGIN, MARGIN - WINDOW])
    def test_just_inside_of_five_minutes_it_is_believed(self, world: FaultyWorld, skew_ms: int) -> None:
        company = world.company()
        world.play(wishing_call(company, 0, clock_skew_ms=skew_ms))
        nothing_waits()
        each_is_booked_once(world, [call_id(company, 0)])

    @pytest.mark.parametrize("skew_ms", [WINDOW + MARGIN, -MARGIN - WINDOW])
    def test_just_outside_nothing_is_taken_in(self, world: FaultyWorld, skew_ms: int) -> None:
        report = world.play(wishing_call(world.company(), 0, clock_skew_ms=skew_ms))
        assert {step["status"] for step in report["steps"]} == {401}
        assert not WebhookEvent.objects.exists()
        assert not Call.objects.exists()
