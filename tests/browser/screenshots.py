"""`make screenshots`: pictures of the staff's pages with a day's work in them, for the README.

A whole installation is started on an embedded database of its own, filled with made-up rows, and photographed with
Chromium: in German, light, and its first page in the dark too.
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
        for theme in ("light", "dark"):
            with Desk.opened(browser, installation.vendors.app_url, language="de", theme=theme) as desk:
                desk.page.set_viewport_size({"width": 1400, "height": 780})
                desk.log_in("root")
                if theme == "light":
                    _set_up(desk)
                for name, path in list(_pages())[: 1 if theme == "dark" else None]:
                    _photograph(desk, path, PICTURES / f"{name}{'-dark' if theme == 'dark' else ''}.png")
        browser.close()


def _fill(environment: dict[str, str]) -> None:
    from django.contrib.auth.models import User

    from tests.browser.desk import PASSWORD

    User.objects.create_superuser("root", password=PASSWORD)
    command = [sys.executable, "manage.py", "seed_demo", "--calls", str(CALLS)]
    subprocess.run(command, cwd=PROJECT, env={**os.environ, **environment}, check=True)


def _set_up(desk: "Desk") -> None:  # type: ignore[name-defined]  # noqa: F821
    """What a new colleague presses in the portal, so that there is something to be seen of it."""
    from django.urls import reverse

    from appointments.models import Company
    from tests.waiting import eventually

    for action in ("test_calcom", "test_retell", "sync", "deploy", "test_webhook", "call"):
        desk.open(reverse("admin:portal_company", args=[Company.objects.get(slug="demo").pk]))
        with desk.page.expect_navigation():
            desk.page.locator(f"form[action$='/{action}/']").last.evaluate(
                "form => HTMLFormElement.prototype.submit.call(form)"
            )
        if action == "deploy":
            desk.page.locator("#long-action:not([data-running])").wait_for()
    eventually(_booked_by_phone, what="the call is booked")


def _booked_by_phone() -> "Appointment | None":  # type: ignore[name-defined]  # noqa: F821
    from appointments.models import Appointment

    return Appointment.objects.filter(company__slug="demo", status="scheduled", call__isnull=False).first()


def _pages() -> Iterator[tuple[str, str]]:
    """The name of the picture and the page's address, with what is to be asked of it."""
    from django.urls import reverse

    from appointments.models import Company

    booked = _booked_by_phone()
    company = Company.objects.get(slug="demo")
    wanted = (
        ("dashboard", "index", []),
        ("calls", "appointments_call_changelist", []),
        ("call", "appointments_call_change", [booked and booked.call_id]),
        ("appointments", "appointments_appointment_changelist", [], "?o=-1"),  # the latest first
        ("follow-ups", "appointments_followup_changelist", []),
        ("portal", "portal", []),
        ("company", "portal_company", [company.pk]),
        ("agents", "retell_webhook_configuration", [], f"?company={company.pk}&check"),
        ("events", "mcp_gateway_webhookevent_changelist", []),
        ("queue", "queue", []),
    )
    for name, url_name, arguments, *query in wanted:
        yield name, reverse(f"admin:{url_name}", args=arguments) + "".join(query)


def _photograph(desk: "Desk", path: str, picture: Path) -> None:  # type: ignore[name-defined]  # noqa: F821
    status = desk.open(path)
    assert status == 200, f"{path}: {status}"
    desk.page.wait_for_load_state("networkidle")
    desk.page.screenshot(path=picture)
    sys.stdout.write(f"{picture.relative_to(PROJECT)}  {picture.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
