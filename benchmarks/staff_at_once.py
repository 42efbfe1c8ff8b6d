"""`make bench`, its last part: twenty members of staff at once on a real web server, with years of rows.

Each walks the main pages in an order of her own and reads a little before she goes on. What is measured is from the
request to the last byte of the answer, page by page.
"""

import http.client
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
os.environ.setdefault("ALLOWED_HOSTS", "testserver,127.0.0.1")

import django

django.setup()

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from appointments.models import Company
from benchmarks.admin_pages import ROWS, p95, pages
from benchmarks.admin_rows import fill
from benchmarks.booking import worker
from tests.servers import Process, free_port

STAFF = int(os.environ.get("STAFF_AT_ONCE", "20"))
ROUNDS = int(os.environ.get("STAFF_ROUNDS", "5"))
# Between two pages.
READING_SECONDS = (0.5, 2.0)
MOST_MS = 500

# Milliseconds by page.
Times = dict[str, list[float]]


def main() -> int:
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    fill(ROWS)
    sessions = [session(number) for number in range(STAFF)]
    walked = [url for url in main_pages() if opens(url, sessions[0])]
    with web() as port, worker(concurrency=8):
        # Each process reads its templates once.
        for cookie in sessions:
            walk(port, cookie, walked[:1], Random(0), pause=False)
        with ThreadPoolExecutor(STAFF) as staff:
            walks = [staff.submit(walk, port, cookie, walked, Random(n)) for n, cookie in enumerate(sessions)]
        found = together([one.result() for one in walks])
    print(
        f"\n{STAFF} at once, {ROUNDS} rounds, {ROWS} calls\n\n| page | answers | p50 ms | p95 ms |\n|---|---|---|---|"
    )
    for url in walked:
        times = sorted(found[url])
        mark = " **too slow**" if p95(times) > MOST_MS else ""
        print(f"| `{url}`{mark} | {len(times)} | {times[len(times) // 2]:.0f} | {p95(times):.0f} |")
    return int(any(p95(times) > MOST_MS for times in found.values()))


def main_pages() -> Iterator[str]:
    """The pages of the benchmark before this one, without the ends and the rare searches of lists."""
    yield from (url for url, _plain in pages() if "?" not in url or "?q=Nummer" in url)


def session(number: int) -> str:
    """The cookie of a member of staff of the first company, in the role that sees most."""
    user = User.objects.create_user(f"staff-{number}", is_staff=True)
    user.groups.add(Group.objects.get(name="admin"))
    Company.objects.earliest("pk").staff.add(user)
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def opens(url: str, cookie: str) -> bool:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    return client.get(url).status_code == 200


@contextmanager
def web() -> Iterator[int]:
    """gunicorn as the README starts it."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "4"]
    command += ["--threads", "16", "--no-control-socket", "--log-level", "error"]
    with Process(command, environment={"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}) as process:
        process.wait_until_listening(port)
        yield port


def walk(port: int, cookie: str, urls: Sequence[str], order: Random, *, pause: bool = True) -> Times:
    """Raises RuntimeError on any answer but 200."""
    times: Times = defaultdict(list)
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}", "Accept-Language": "de"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _round in range(ROUNDS if pause else 1):
        for url in order.sample(urls, len(urls)):
            if pause:
                time.sleep(order.uniform(*READING_SECONDS))
            began = time.perf_counter()
            connection.request("GET", url, headers=headers)
            answer = connection.getresponse()
            answer.read()
            times[url].append((time.perf_counter() - began) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"{url}: {answer.status}")
    connection.close()
    return times


def together(walks: Sequence[Times]) -> Times:
    found: Times = defaultdict(list)
    for times in walks:
        for url, taken in times.items():
            found[url] += taken
    return found


if __name__ == "__main__":
    sys.exit(main())
