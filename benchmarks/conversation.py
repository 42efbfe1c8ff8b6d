"""`make bench`, its second part: fifty calls at once, against a Cal.com that answers in 300 ms and one that needs 5 s.

Our own time is what a function takes without waiting for Cal.com; what the caller waits is all of it. Then what each
function asks of database and Redis, one at a time.
"""

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.conversation_settings")

import django

django.setup()

from django.core.cache import cache
from django.core.management import call_command

from appointments.changes import create_appointment
from appointments.models import Appointment, Call, Company, Service
from benchmarks.calls import BOOKED, WEBHOOK_KEY, Caller, Measured, talk_at_once
from benchmarks.counting import counted
from benchmarks.vendor import calcom, delay, empty, open_account
from mcp_gateway import breakers
from retell import functions
from retell.models import RetellConfiguration
from tests.servers import Process, free_port

CALLS = 50
WEB_WORKERS, WEB_THREADS = 2, 32
SLOW_AND_SLOWER = (0.3, 5.0)
CAL_KEY = "cal_live_bench_0123456789"
PHONE = "+493012345678"


def main() -> None:
    call_command("migrate", verbosity=0)
    with calcom() as calcom_url:
        company = Company.objects.create(
            name="Salon",
            slug="bench",
            phone_number=PHONE,
            retell_webhook_key=WEBHOOK_KEY,
            calcom_api_key=CAL_KEY,
            calcom_base_url=calcom_url,
            notice_hours=0,
        )
        service = Service.objects.create(company=company, name="Haarschnitt", duration_minutes=30)
        configuration = RetellConfiguration.objects.create(company=company, agent_id="agent_bench")
        with web() as port:
            for seconds in SLOW_AND_SLOWER:
                callers = [Caller(number, port, configuration.pk, PHONE) for number in range(CALLS)]
                begin_afresh(service, callers)
                delay(calcom_url, seconds)
                talk_at_once(callers, f"{seconds}")
                report(callers, seconds)
        begin_afresh(service, [Caller(0, 0, 0, PHONE)])
        counts(company)


@contextmanager
def web() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    command += ["--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS), "--no-control-socket"]
    with Process(command, environment={"DJANGO_SETTINGS_MODULE": "benchmarks.conversation_settings"}) as process:
        process.wait_until_listening(port)
        yield port


def begin_afresh(service: Service, callers: list[Caller]) -> None:
    """An empty Cal.com in which each caller has one appointment; nothing is remembered, no breaker is open."""
    url = service.company.calcom_base_url
    empty(url)
    service.calcom_event_type_id = open_account(url, CAL_KEY, "bench")
    service.save()
    Appointment.objects.all().delete()
    Call.objects.all().delete()
    breakers.reset_all()
    for caller in callers:
        day, at = caller.slot(BOOKED)
        start = datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=service.company.zone)
        create_appointment(company=service.company, service=service, start=start, name="Erika", phone=caller.phone)
    cache.clear()


def report(callers: list[Caller], seconds: float) -> None:
    print(f"\n{CALLS} calls at once, Cal.com answers in {seconds:g} s\n")
    print("| function | own p50 ms | own p99 ms | caller waits p50 ms | p99 ms | longest ms | answers |")
    print("|---|---|---|---|---|---|---|")
    together: dict[str, list[Measured]] = defaultdict(list)
    for caller in callers:
        for name, measured in caller.measured.items():
            together[name] += measured
    for name, measured in together.items():
        own, whole = sorted(one.own for one in measured), sorted(one.whole for one in measured)
        answers = ", ".join(
            f"{status} {count}" for status, count in Counter(one.status for one in measured).most_common()
        )
        numbers = [_at(own, 0.5), _at(own, 0.99), _at(whole, 0.5), _at(whole, 0.99), whole[-1]]
        print(f"| `{name}` | {' | '.join(f'{number:.0f}' for number in numbers)} | {answers} |", flush=True)


def _at(ascending: list[float], share: float) -> float:
    return ascending[int((len(ascending) - 1) * share)]


def counts(company: Company) -> None:
    """What one caller's turns ask of database, Redis and Cal.com; transaction control is not counted as a query."""
    caller = Caller(0, 0, 0, PHONE)
    print("\n| function | SQL queries | Redis round trips | Cal.com requests | answer |\n|---|---|---|---|---|")
    for name, args in caller.turns():
        with counted() as asked:
            answer = functions.answer(company, caller.body(name, args, "counts"))
        row = (asked.queries, asked.redis, asked.vendor, answer["status"])
        print(f"| `{name}` | {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
