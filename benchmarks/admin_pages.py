"""`make bench`, its part before the last: what the staff's pages take with as many rows as years of work leave.

Every list and every page that needs no key, as a member of staff of one company has them and as a superuser has them,
in process on MariaDB; beside each list the same columns and filters as Django's admin shows them by itself. Arguments
are parts of the addresses to be measured; --slowest shows each page's slowest query.
"""

import os
import sys
import time
from collections.abc import Iterator
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
os.environ.setdefault("ALLOWED_HOSTS", "testserver")

import django

django.setup()

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from appointments.models import Appointment, Call, Company, FollowUp
from benchmarks.admin_rows import fill
from benchmarks.plain_admin import PLAIN
from mcp_gateway import staff_pages
from mcp_gateway.models import OutboxMessage, WebhookEvent
from retell.models import RetellConfiguration

ROWS = int(os.environ.get("ADMIN_ROWS", "200000"))
ROUNDS = int(os.environ.get("ADMIN_ROUNDS", "30"))
# They may take seconds each.
PLAIN_ROUNDS = 3
MOST_QUERIES, MOST_MS = 12, 300
# Pages about one row, and what its key is called.
OF_A_ROW: dict[str, tuple[str, type[Model]]] = {
    "portal_company": ("company_id", Company),
    "retell_agent": ("pk", RetellConfiguration),
}
# What lists are asked for besides their first and last pages.
EVERYWHERE = ("q=Nummer+777", "q=Kundin", "q=nobody")
NARROWED: dict[type[Model], tuple[str, ...]] = {
    Call: ("status__exact=error", "error=yes", "error=yes&from=2026-01-01&to=2026-01-31", "agent_id=nobody"),
    Appointment: ("status__exact=cancelled", "error=yes", "from=2026-01-01&to=2026-01-31"),
    FollowUp: ("status__exact=done", "from=2026-01-01&to=2026-01-31"),
    WebhookEvent: ("state__exact=dead", "error=yes", "provider=retell&event=call_ended"),
    OutboxMessage: ("state__exact=sent", "error=yes"),
}


def main() -> int:
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    began = time.perf_counter()
    fill(ROWS)
    print(f"{ROWS} calls and appointments made in {time.perf_counter() - began:.0f} s\n")
    member, root = User.objects.create_user("member", is_staff=True), User.objects.create_superuser("root")
    member.groups.add(Group.objects.get(name="admin"))
    Company.objects.earliest("pk").staff.add(member)
    print("| page | queries | member p50 / p95 ms | superuser p50 / p95 ms | Django's own list p50 ms |")
    print("|---|---|---|---|---|")
    parts = [part for part in sys.argv[1:] if not part.startswith("--")] or [""]
    verdicts = [told(url, plain, member, root) for url, plain in pages() if any(part in url for part in parts)]
    if parts == [""]:
        tell_exports(root)
    return int(any(verdicts))


def pages() -> Iterator[tuple[str, str]]:
    """Each with the address of the plain list beside it, if it is a list."""
    for page in staff_pages.pages():
        if page.name in OF_A_ROW:
            argument, model = OF_A_ROW[page.name]
            row = first_row(model)
            yield reverse(f"admin:{page.name}", kwargs={argument: row.pk if row else 0}), ""
            continue
        try:
            yield reverse("admin:index" if page.path == "" else f"admin:{page.name}"), ""
        except NoReverseMatch:  # a page about another row
            continue
    for model in admin.site._registry:
        if model._meta.app_label != "auth":
            name = f"{model._meta.app_label}_{model._meta.model_name}"
            listed = reverse(f"admin:{name}_changelist")
            yield listed, reverse(f"{PLAIN}:{name}_changelist")
            yield f"{listed}?p=-1", ""
            yield from ((f"{listed}?{query}", "") for query in (*EVERYWHERE, *NARROWED.get(model, ())))
            if row := first_row(model):
                yield reverse(f"admin:{name}_change", args=[row.pk]), ""


def first_row(model: type[Model]) -> Model | None:
    """Of the company that the member of staff belongs to."""
    rows = model._default_manager.order_by("pk")
    has_company = any(field.name == "company" for field in model._meta.fields)
    return rows.filter(company=Company.objects.earliest("pk")).first() if has_company else rows.first()


def told(url: str, plain: str, member: User, root: User) -> bool:
    """Print a row of the table; whether the page keeps to what it may take."""
    its_queries, its_times = measured(url, member)
    roots_queries, roots_times = measured(url, root)
    plain_times = measured_plain(plain, root) if plain else []
    if its_times is None and roots_times is None:
        return False
    queries = max(its_queries, roots_queries)
    is_too_much = queries > MOST_QUERIES or any(p95(times) > MOST_MS for times in (its_times, roots_times) if times)
    print(
        f"| `{url}`{' **too much**' if is_too_much else ''} | {queries} | {shown(its_times)} | {shown(roots_times)} "
        f"| {f'{median(plain_times):.0f}' if plain_times else ''} |",
        flush=True,
    )
    return is_too_much


def measured(url: str, user: User, rounds: int = ROUNDS) -> tuple[int, list[float] | None]:
    """Queries of one request, and the milliseconds of those after it; None where the page says no."""
    client = Client()
    client.force_login(user)
    if client.get(url).status_code != 200:
        return 0, None
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    queries = list(captured)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        assert client.get(url).status_code == 200
        times.append((time.perf_counter() - began) * 1000)
    if "--slowest" in sys.argv:
        slowest = max(queries, key=lambda query: float(query["time"]))
        print(f"    {user}: {slowest['time']} s {slowest['sql'][:600]}")
    return len(queries), times


def tell_exports(user: User) -> None:
    """How much this process grows by while it exports all calls, to the end of the answer."""
    client = Client()
    client.force_login(user)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    pieces: Any = client.post(reverse("admin:appointments_call_export"))
    size = sum(map(len, pieces.streaming_content)) / 2**20
    grown = (getrusage(RUSAGE_SELF).ru_maxrss - before) / 2**10
    print(f"\nExport of {Call.objects.count()} calls: {size:.0f} MiB, the process grew by {grown:.0f} MiB")


def measured_plain(url: str, user: User) -> list[float]:
    """With Django's own templates, too."""
    engine = {**settings.TEMPLATES[0], "DIRS": []}
    with override_settings(TEMPLATES=[engine]):
        return measured(url, user, PLAIN_ROUNDS)[1] or []


def p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, round(len(times) * 0.95))]


def shown(times: list[float] | None) -> str:
    return f"{sorted(times)[len(times) // 2]:.0f} / {p95(times):.0f}" if times else ""


if __name__ == "__main__":
    sys.exit(main())
