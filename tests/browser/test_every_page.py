"""Every page of the staff's place in Chromium: usable by all, in both languages, light and dark, wide and narrow."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser

from appointments.models import Appointment, Company
from mcp_gateway import staff_pages
from mcp_gateway.models import OutboxMessage, WebhookEvent
from retell.models import RetellConfiguration
from tests.browser.desk import PASSWORD, Desk
from tests.journeys.world import World
from tests.mcp_gateway.rows import rows_of, shared_rows

pytestmark = pytest.mark.processes
PHONE_WIDTH = 375
# What is left of 1280 pixels where everything is shown at twice its size.
TWICE_AS_LARGE = 640
LEAST_PIXELS = 24
TOO_SMALL = """least => {
  const HIDDEN = ".visually-hidden, .skip-to-content-link";
  const isWithinText = element => {
    if (getComputedStyle(element).display !== "inline") return false;
    const around = element.closest("p, li, dd, dt, td, th, h1, h2, h3, div.breadcrumbs, .help, .readonly, label, span");
    return around !== null && around.textContent.trim().length > element.textContent.trim().length;
  };
  const isSeen = element => element.checkVisibility({ visibilityProperty: true }) && !element.closest(HIDDEN);
  const all = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary");
  return [...all].filter(element => isSeen(element) && !isWithinText(element))
    .map(element => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.width < least || box.height < least))
    .map(([element, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${element.outerHTML.slice(0, 120)}`);
}"""
# What is pressed, beyond the window's edge and in no box that scrolls by itself.
OUT_OF_REACH = """() => {
  const scrolls = element => /auto|scroll/.test(getComputedStyle(element).overflowX);
  const isBoxed = element => { for (let one = element; one; one = one.parentElement) if (scrolls(one)) return true; };
  const isSeen = element => element.checkVisibility({ visibilityProperty: true });
  return [...document.querySelectorAll("button, a.button, [type=submit], select, summary")]
    .filter(element => isSeen(element) && !element.closest(".visually-hidden") && !isBoxed(element.parentElement))
    .map(element => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.left < -1 || box.right > document.documentElement.clientWidth + 1))
    .map(([element]) => element.outerHTML.slice(0, 120));
}"""
# Answer nothing but a POST.
POST_ONLY = {"portal_workers"}
LOGGED_OUT = ["/admin/login/"]
# Are about what their address asks for.
ASKED_FOR = {"reset_breaker": "name=database"}


@pytest.fixture
def rows(world: World, django_user_model: type[Model]) -> dict[type[Model], Model]:
    """One row of every kind, whose names try to be more than text."""
    company = world.company()
    company.name = "<script>alert(1)</script>"
    company.save()
    django_user_model.objects.create_superuser("root", password=PASSWORD)  # type: ignore[attr-defined]
    rows = {**rows_of(company), **shared_rows()}
    tomorrow = timezone.now() + timedelta(days=1)
    Appointment.objects.filter(pk=rows[Appointment].pk).update(
        status=Appointment.Status.SCHEDULED, starts_at=tomorrow, ends_at=tomorrow + timedelta(minutes=30)
    )
    return rows


def pages(rows: dict[type[Model], Model]) -> Iterator[str]:
    yield reverse("admin:index")
    for page in staff_pages.pages():
        if page.name in ASKED_FOR:
            yield f"{reverse(f'admin:{page.name}')}?{ASKED_FOR[page.name]}"
        elif page.path and "<" not in page.path and page.name not in POST_ONLY:
            yield reverse(f"admin:{page.name}")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_change", args=[rows[model].pk])
    yield from _pages_of_one(rows)


def _pages_of_one(rows: dict[type[Model], Model]) -> Iterator[str]:
    """What is asked, told and filled in about a single company, agent, appointment or event."""
    company, appointment = rows[Company], rows[Appointment]
    agent = RetellConfiguration.objects.filter(company=company.pk).earliest("pk")
    yield reverse("admin:appointments_company_add")
    yield reverse("admin:appointments_service_add")
    yield reverse("admin:mcp_gateway_apitoken_add")
    for name in ("portal_company", "retell_deploy"):
        yield reverse(f"admin:{name}", args=[company.pk])
    for name in ("retell_agent", "retell_functions", "retell_prompt"):
        yield reverse(f"admin:{name}", args=[agent.pk])
    yield reverse("admin:retell_function", args=[agent.pk, "check_availability"])
    yield reverse("admin:appointments_appointment_book")
    for name in ("move", "cancel"):
        yield reverse(f"admin:appointments_appointment_{name}", args=[appointment.pk])
    yield f"{reverse('admin:mcp_gateway_webhookevent_replay')}?ids={rows[WebhookEvent].pk}"


def further_pages(rows: dict[type[Model], Model]) -> Iterator[str]:
    """Forms to add and pages to look back and to delete, as far as there are any for the kind of row."""
    request = HttpRequest()
    request.user = User(is_superuser=True, is_active=True)
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if model_admin.has_add_permission(request):
            yield reverse(f"{name}_add")
        if model_admin.has_delete_permission(request):
            yield reverse(f"{name}_delete", args=[rows[model].pk])
        yield reverse(f"{name}_history", args=[rows[model].pk])
    yield from _asking_first(rows)


def _asking_first(rows: dict[type[Model], Model]) -> Iterator[str]:
    """What is asked before something is done with a single row, and where one thing leads to all that belongs to it."""
    event, agent = rows[WebhookEvent], rows[RetellConfiguration]
    yield reverse("admin:trace", args=[event.correlation_id])  # type: ignore[attr-defined]
    yield f"{reverse('admin:mcp_gateway_outboxmessage_send_again')}?ids={rows[OutboxMessage].pk}"
    yield reverse("admin:auth_user_second_factor", args=[rows[User].pk])
    yield reverse("admin:retell_agent_pause", args=[agent.pk])
    yield reverse("admin:password_change")


def test_axe_finds_nothing_serious_and_the_console_stays_empty(
    desk: Desk, rows: dict[type[Model], Model], language: str, theme: str
) -> None:
    """Each of the further pages in two of the four looks, which are two languages and two themes."""
    found = {path: problems for path in LOGGED_OUT if (problems := problems_of(desk, path))}
    desk.log_in("root")
    turn = [("de", "light"), ("de", "dark"), ("en", "dark"), ("en", "light")].index((language, theme))
    for path in [*pages(rows), *[*further_pages(rows)][turn % 2 :: 2]]:
        if problems := problems_of(desk, path):
            found[path] = problems
    assert not found, json.dumps(found, indent=1)


def problems_of(desk: Desk, path: str) -> list[str]:
    status = desk.open(path)
    return [*([] if status == 200 else [str(status)]), *desk.serious_findings()]


@pytest.mark.parametrize("language", ["de"], indirect=True)
@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_all_that_is_pressed_is_large_enough(desk: Desk, rows: dict[type[Model], Model]) -> None:
    desk.log_in("root")
    found = {
        path: small for path in [*pages(rows), *further_pages(rows)] if desk.open(path) and (small := too_small(desk))
    }
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


def too_small(desk: Desk) -> list[str]:
    """What is pressed and measures less than 24 pixels either way; a link among the words of a text may."""
    small: list[str] = desk.page.evaluate(TOO_SMALL, LEAST_PIXELS)
    return small


@pytest.mark.parametrize("width", [PHONE_WIDTH, TWICE_AS_LARGE])
def test_no_page_scrolls_sideways_and_all_that_is_pressed_is_within_reach(
    chromium: Browser, world: World, rows: dict[type[Model], Model], width: int
) -> None:
    found = {}
    with Desk.opened(chromium, world.app_url, language="de", theme="light", width=width) as desk:
        desk.log_in("root")
        for path in [*pages(rows), *further_pages(rows)]:
            desk.open(path)
            pixels, out_of_reach = desk.sideways_scroll(), desk.page.evaluate(OUT_OF_REACH)
            if pixels > 0 or out_of_reach:
                found[path] = [f"{pixels} pixels too wide", *out_of_reach]
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)
