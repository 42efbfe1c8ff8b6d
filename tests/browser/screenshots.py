"""`make screenshots`: pictures of the staff's pages with a day's work in them, for the README.

A whole installation is started on an embedded database of its own, filled with made-up rows, and photographed with
Chromium: in German, light, and its first page in the dark too. A page that this version doesn't have is left out.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
PICTURES = PROJECT / "docs" / "screenshots"
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
# Playwright keeps an event loop in this thread.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
CALLS = 300


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Nothing of the newcomer's own installation is touched.
        for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
            os.environ.pop(name, None)
        os.environ |= {"DEBUG": "on", "VAR_DIR": folder, "PROMETHEUS_MULTIPROC_DIR": f"{folder}/metrics"}
        Path(folder, "metrics").mkdir()
        import django

        django.setup()
        _photograph_everything()


def _photograph_everything() -> None:
    from playwright.sync_api import sync_playwright

    from retell.demo.company import set_up_company
    from retell.demo.installation import start
    from retell.demo.processes import Processes
    from tests.browser.conftest import FLAGS
    from tests.browser.desk import Desk
    from tests.servers import find_program

    with Processes() as processes, sync_playwright() as playwright:
        installation = start(processes)
        set_up_company(installation.vendors, slug="demo", name="Salon Beispiel", phone_number="+493012345678")
        _fill(installation.environment)
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = find_program("chromium", package="chromium")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        pages = list(_pages())
        for theme in ("light", "dark"):
            with Desk.opened(browser, installation.vendors.app_url, language="de", theme=theme) as desk:
                desk.page.set_viewport_size({"width": 1280, "height": 800})
                desk.log_in("root")
                for name, path in pages[: 1 if theme == "dark" else None]:
                    _photograph(desk, path, PICTURES / f"{name}{'-dark' if theme == 'dark' else ''}.png")
        browser.close()


def _fill(environment: dict[str, str]) -> None:
    from django.contrib.auth.models import User

    from tests.browser.desk import PASSWORD

    User.objects.create_superuser("root", password=PASSWORD)
    command = [sys.executable, "manage.py", "seed_demo", "--calls", str(CALLS)]
    subprocess.run(command, cwd=PROJECT, env={**os.environ, **environment}, check=True)


def _pages() -> Iterator[tuple[str, str]]:
    """The name of the picture and the page's address."""
    from django.urls import NoReverseMatch, reverse

    from appointments.models import Appointment, Company

    booked = Appointment.objects.filter(status="completed", call__isnull=False).order_by("-starts_at").first()
    company = Company.objects.get(slug="demo")
    wanted = (
        ("dashboard", "index", []),
        ("calls", "appointments_call_changelist", []),
        ("call", "appointments_call_change", [booked and booked.call_id]),
        ("appointments", "appointments_appointment_changelist", []),
        ("follow-ups", "appointments_followup_changelist", []),
        ("portal", "portal", []),
        ("company", "portal_company", [company.pk]),
        ("agents", "retell_webhook_configuration", []),
        ("events", "mcp_gateway_webhookevent_changelist", []),
        ("queue", "queue", []),
    )
    for name, url_name, arguments in wanted:
        try:
            yield name, reverse(f"admin:{url_name}", args=arguments)
        except NoReverseMatch:
            sys.stdout.write(f"There is no page {url_name}: no picture of it.\n")


def _photograph(desk: "Desk", path: str, picture: Path) -> None:  # type: ignore[name-defined]  # noqa: F821
    status = desk.open(path)
    assert status == 200, f"{path}: {status}"
    desk.page.wait_for_load_state("networkidle")
    desk.page.screenshot(path=picture)
    sys.stdout.write(f"{picture.relative_to(PROJECT)}  {picture.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
