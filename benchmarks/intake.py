"""`make bench`, its third part: how many signed events a second come in, against a bare view that inserts one row.

Both on one server, in one run. Their rounds take turns, so that a noisy neighbour troubles both; what counts is the
median of the rounds' ratios.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")

import django

django.setup()

from django.core.management import call_command

from appointments.models import Company
from benchmarks.calls import WEBHOOK_KEY
from benchmarks.counting import counted
from benchmarks.events import Events, started
from benchmarks.load import Measured, measure
from config.celery import app
from retell import webhook_events
from retell.intake import SignedRequest
from retell.models import RetellConfiguration
from tests.servers import Process, free_port

CONNECTIONS = (1, 8, 32)
ROUNDS, SECONDS = 7, 2.0


def main() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    company = Company.objects.create(name="Salon", slug="intake", retell_webhook_key=WEBHOOK_KEY)
    configuration = RetellConfiguration.objects.create(company=company, agent_id="agent_bench")
    print("\n| wire | connections | events/s | of the bare insert | p50 ms | p99 ms |\n|---|---|---|---|---|---|")
    with web() as port:
        bare = Events("bare insert", port, "/bare/insert", "bare")
        webhook = Events("signed webhook", port, f"/api/mcp/retell/webhook/{configuration.pk}", "signed")
        for connections in CONNECTIONS:
            compare(bare, webhook, connections)
    counts(company)
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
    for _ in range(ROUNDS):
        for events in (bare, webhook):
            found[events.name].append(measure(events, connections=connections, seconds=SECONDS))
    for name, rounds in found.items():
        pairs = zip(rounds, found[bare.name], strict=True)
        share = median(one.per_second / other.per_second for one, other in pairs)
        rate, p50, p99 = (median(getattr(one, figure) for one in rounds) for figure in ("per_second", "p50", "p99"))
        print(f"| {name} | {connections} | {rate:.0f} | {share:.2f} | {p50:.2f} | {p99:.2f} |", flush=True)


def counts(company: Company) -> None:
    """What it takes to store an event whose signature has been checked."""
    webhook_events.receive(SignedRequest(company, started("call_first"), b""), {})
    with counted() as asked:
        webhook_events.receive(SignedRequest(company, started("call_counted"), b""), {})
    print(f"\nOne event: {asked.queries} SQL query, {asked.redis} Redis round trips")


if __name__ == "__main__":
    main()
