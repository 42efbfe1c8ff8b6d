"""`make bench`, its fourth part: how fast wishes whose calls are over become bookings.

They wait, and one worker is let loose on them. Cal.com takes a time for each request, so no more than CONCURRENCY
bookings in that time are possible; how much of that is reached, for several such times, and how many requests to
Cal.com a booking takes. Where the limit is beyond what the machine's processors can do, it is they that are measured.
Calls hold their times before, as callers do. One worker serves all rounds; the first one warms it up and is not
counted.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")

import django

django.setup()

import requests
from django.core.cache import cache
from django.core.management import call_command
from django.db.models import Max
from django.utils import timezone

from appointments.models import Appointment, Call, Company, Customer, Service
from benchmarks.calls import BOOKED, WEBHOOK_KEY, Caller
from benchmarks.counting import counted
from benchmarks.events import ended
from benchmarks.load import measure
from benchmarks.vendor import Bookings, calcom, delay, empty, open_account
from config.celery import app
from mcp_gateway import breakers, inbox
from mcp_gateway.models import WebhookEvent
from retell import functions, webhook_events
from retell.intake import SignedRequest
from tests.servers import Process
from tests.waiting import eventually

SALONS, WISHES_EACH = 16, 80
WISHES = SALONS * WISHES_EACH
ROUNDS = 2
CONCURRENCY = 32
# Seconds. A booking waits for calendars, conferences, mails and webhooks at Cal.com: it may well take longer.
LATENCIES = (0.5, 1.0, 2.0)
QUEUE = "celery"
MAX_SECONDS = 120


@dataclass(frozen=True)
class Salon:
    company: Company
    service: Service

    def callers(self) -> list[Caller]:
        return [Caller(number, 0, 0, self.company.phone_number or "") for number in range(WISHES_EACH)]


@dataclass(frozen=True)
class Drained:
    """Bookings per second, and the requests to Cal.com that they took, by method and path."""

    per_second: float
    requests: Counter[str]


def main() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    with calcom() as url:
        salons = [new_salon(url, number) for number in range(SALONS)]
        with worker():
            drained(url, salons, "warm_up", LATENCIES[0])
            print(f"\n{WISHES} wishes wait, {CONCURRENCY} are booked at once\n")
            print("| Cal.com takes | limit/s | the load alone | a worker | of the limit | rounds |")
            print("|---|---|---|---|---|---|")
            asked = sum((compare(url, salons, latency) for latency in LATENCIES), Counter())
        booked = WISHES * ROUNDS * len(LATENCIES)
        print(f"\nRequests to Cal.com per booking: {asked.total() / booked:.3f}, {dict(asked)}")
        counts(url, salons)


def new_salon(url: str, number: int) -> Salon:
    company = Company.objects.create(
        name=f"Salon {number}",
        slug=f"salon-{number}",
        phone_number=f"+4930{1_000_000 + number}",
        retell_webhook_key=WEBHOOK_KEY,
        calcom_api_key=f"cal_live_bench_{number}",
        calcom_base_url=url,
        notice_hours=0,
    )
    return Salon(company, Service.objects.create(company=company, name="Haarschnitt", duration_minutes=30))


@contextmanager
def worker(concurrency: int = CONCURRENCY) -> Iterator[None]:
    """As the README has it."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", str(concurrency)]
    with Process(command, environment={"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}) as process:
        process.wait_for(partial(app.control.ping, timeout=1), 60, what="a worker that answers")
        yield


def compare(url: str, salons: list[Salon], latency: float) -> Counter[str]:
    """Print a row of the table; what was asked of Cal.com for it."""
    rounds = [drained(url, salons, f"round{number}", latency) for number in range(ROUNDS)]
    begin_afresh(url, salons)
    alone, limit = sandbox_alone(url, salons, latency), CONCURRENCY / latency
    rate, shares = median(one.per_second for one in rounds), [one.per_second / limit for one in rounds]
    told = ", ".join(f"{share:.2f}" for share in shares)
    print(f"| {latency:g} s | {limit:.0f} | {alone:.1f} | {rate:.1f} | {median(shares):.2f} | {told} |", flush=True)
    return sum((one.requests for one in rounds), Counter())


def drained(url: str, salons: list[Salon], run: str, latency: float) -> Drained:
    """Let callers hold their times, end their calls while nobody works, and then let the worker."""
    begin_afresh(url, salons)
    calls = [(salon, hold(salon, caller, run)) for salon in salons for caller in salon.callers()]
    app.control.cancel_consumer(QUEUE, reply=True)
    for salon, call_id in calls:
        end(salon, call_id)
    delay(url, latency)
    began = timezone.now()
    app.control.add_consumer(QUEUE)
    booked = Appointment.objects.filter(status=Appointment.Status.SCHEDULED)
    eventually(lambda: booked.count() == WISHES, seconds=MAX_SECONDS, what="all wishes are booked")
    seconds = (booked.aggregate(at=Max("updated_at"))["at"] - began).total_seconds()
    log = requests.get(f"{url}/_sandbox/requests", timeout=30).json()
    asked = Counter(f"{row['method']} {row['path']}" for row in log if row["received_at"] > began.timestamp())
    return Drained(WISHES / seconds, asked)


def begin_afresh(url: str, salons: list[Salon]) -> None:
    """Nobody has booked anything, nobody is known, nothing is remembered, no breaker is open."""
    for model in (Appointment, Call, Customer, WebhookEvent):
        model.objects.all().delete()
    empty(url)
    for salon in salons:
        salon.service.calcom_event_type_id = open_account(url, salon.company.calcom_api_key, salon.company.slug)
        salon.service.save()
    breakers.reset_all()
    cache.clear()


def hold(salon: Salon, caller: Caller, run: str) -> str:
    """The caller wishes a time that nobody else wants, and it is held; returns the call's id."""
    day, at = caller.slot(BOOKED)
    wish = {"name": "Erika Beispiel", "service": "Haarschnitt", "date": day.isoformat(), "time": at}
    body = caller.body("collect_appointment_information", wish, f"{run}_{salon.company.slug}")
    answer = functions.answer(salon.company, body)
    if answer["status"] != "collected":
        raise RuntimeError(f"{wish}: {answer}")
    return str(body["call"]["call_id"])


def end(salon: Salon, call_id: str) -> int:
    """Retell tells the end of the call; returns the event's number."""
    return webhook_events.receive(SignedRequest(salon.company, ended(call_id), b""), {}).pk


def sandbox_alone(url: str, salons: list[Salon], latency: float) -> float:
    """Bookings per second where nothing but the sandbox is at work: as near to the limit as this machine gets."""
    delay(url, latency)
    keys = {salon.service.calcom_event_type_id or 0: salon.company.calcom_api_key for salon in salons}
    return measure(Bookings(url, keys), connections=CONCURRENCY, seconds=10).per_second


def counts(url: str, salons: list[Salon]) -> None:
    """What a worker asks for one booking, from the event to its end."""
    begin_afresh(url, salons)
    events = [end(salons[0], hold(salons[0], caller, "counts")) for caller in salons[0].callers()[:2]]
    inbox.process(events[0])
    with counted() as asked:
        inbox.process(events[1])
    print(f"One booking: {asked.queries} SQL queries, {asked.redis} Redis round trips, {asked.vendor} to Cal.com")


if __name__ == "__main__":
    main()
