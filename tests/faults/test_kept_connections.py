"""Workers keep their database connections from task to task, for as long as these are alive."""

from contextlib import suppress
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from mcp_gateway.models import WebhookEvent
from tests.factories import make_company
from tests.faults.world import FaultyWorld
from tests.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.servers]

EVENTS = 60
# Two workers with two processes each, those who kill and start them, the web server, and whatever beats meanwhile.
FEW = 12


def test_many_tasks_need_few_connections(world: FaultyWorld) -> None:
    attempts_at_events()
    before = connections_made()
    attempts_at_events()
    assert connections_made() - before < FEW


def test_one_that_died_is_replaced_before_a_task_needs_it(world: FaultyWorld) -> None:
    attempts_at_events()
    kill_all_others()
    assert attempts_at_events() == {1}


def attempts_at_events() -> set[int]:
    """Have the workers look at many events; how often they tried each of them."""
    company = make_company()
    WebhookEvent.objects.bulk_create(
        WebhookEvent(provider="retell", company=company, event="unheard_of", dedupe_key=str(uuid4()), payload={})
        for _ in range(EVENTS)
    )
    ours = WebhookEvent.objects.filter(company=company)
    eventually(
        lambda: ours.filter(state=WebhookEvent.State.IGNORED).count() == EVENTS, what="all are looked at", seconds=60
    )
    return {len(attempts) for attempts in ours.values_list("attempts", flat=True)}


def connections_made() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Connections'")
        return int(cursor.fetchone()[1])


def kill_all_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND user <> ''")
        for (number,) in cursor.fetchall():
            with suppress(OperationalError):  # it has ended by itself
                cursor.execute(f"KILL {number}")
