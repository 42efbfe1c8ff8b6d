"""`make bench`, its third part: how fast calls become bookings.

Intake: signed events per second, against a bare view that inserts one row of the same body. Rounds of both take
turns, so that a noisy neighbour troubles both; what counts is the median of the rounds' ratios.

Drain: wishes whose calls are over wait, and one worker books them. Cal.com takes LATENCY for each request, so no more
than CONCURRENCY / LATENCY bookings a second are possible; how much of that is reached, and how many requests to
Cal.com each booking takes. The same worker serves all rounds; the first one warms it up and is not counted.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")

import django

django.setup()

import requests
from django.core.cache import cache
from django.core.management import call_command

from appointments.models import Appointment, Call, Company, FollowUp, Offer, Service
from benchmarks.calls import BOOKED, WEBHOOK_KEY, Caller
from benchmarks.counting import Asked, counted
from benchmarks.events import Events, ended
from benchmarks.load import Measured, measure
from benchmarks.vendor import calcom, delay, empty, open_account
from config.celery import app
from mcp_gateway import breakers, inbox
from mcp_gateway.models import WebhookEvent
from retell import functions, webhook_events
from retell.intake import SignedRequest
from retell.models import RetellConfiguration
from tests.servers import Process, free_port
from tests.waiting import eventually

PHONE = "+493012345678"
CONNECTIONS = (1, 8, 32)
INTAKE_ROUNDS, SECONDS = 7, 2.0

SALONS, WISHES_EACH = 8, 80
DRAIN_ROUNDS = 3
CONCURRENCY, LATENCY = 32, 0.5
QUEUE = "celery"
MAX_SECONDS = 180


def main() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    intake()


def intake() -> None:
    company = Company.objects.create(name="Salon", slug="intake", phone_number=PHONE, retell_webhook_key=WEBHOOK_KEY)
    configuration = RetellConfiguration.objects.create(company=company, agent_id="agent_bench")
    print("\n| wire | connections | events/s | of the bare insert | p50 ms | p99 ms |\n|---|---|---|---|---|---|")
    with web() as port:
        bare = Events("bare insert", port, "/bare/insert", "bare")
        webhook = Events("signed webhook", port, f"/api/mcp/retell/webhook/{configuration.pk}", "signed")
        for connections in CONNECTIONS:
            compare(bare, webhook, connections)
    WebhookEvent.objects.all().delete()
    app.control.purge()


@contextmanager
def web() -> Iterator[int]:
    """One gunicorn worker with four threads, as in the gateway's comparison."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    command += ["--threads", "4", "--no-control-socket", "--log-level", "error"]
    with Process(command, environment={"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}) as process:
        process.wait_until_listening(port)
        yield port


def compare(bare: Events, webhook: Events, connections: int) -> None:
    found: dict[str, list[Measured]] = {bare.name: [], webhook.name: []}
    for events in (bare, webhook):
        measure(events, connections=connections, seconds=0.5)
    for _ in range(INTAKE_ROUNDS):
        for events in (bare, webhook):
            found[events.name].append(measure(events, connections=connections, seconds=SECONDS))
    for name, rounds in found.items():
        pairs = zip(rounds, found[bare.name], strict=True)
        share = median(one.per_second / other.per_second for one, other in pairs)
        row = (median(one.per_second for one in rounds), share, median(one.p50 for one in rounds))
        numbers = "{:.0f} | {:.2f} | {:.2f}".format(*row)
        print(f"| {name} | {connections} | {numbers} | {median(one.p99 for one in rounds):.2f} |", flush=True)


if __name__ == "__main__":
    main()
