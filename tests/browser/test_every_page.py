"""Every page of the staff's place in Chromium: usable by all, in both languages, light and dark, wide and narrow."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser

from appointments.models import Appointment, Company
from mcp_gateway import staff_pages
from mcp_gateway.models import WebhookEvent
from retell.models import RetellConfiguration
from tests.browser.desk import PASSWORD, Desk
from tests.journeys.world import World
from tests.mcp_gateway.rows import rows_of, shared_rows

pytestmark = pytest.mark.processes
PHONE_WIDTH = 375
# Answer nothing but a POST.
POST_ONLY = {"portal_workers"}
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


def test_axe_finds_nothing_serious_and_the_console_stays_empty(desk: Desk, rows: dict[type[Model], Model]) -> None:
    desk.log_in("root")
    found = {}
    for path in pages(rows):
        status = desk.open(path)
        if problems := [*([] if status == 200 else [str(status)]), *desk.serious_findings()]:
            found[path] = problems
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("language", ["de"], indirect=True)
@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_on_a_phone_no_page_scrolls_sideways(
    chromium: Browser, world: World, language: str, theme: str, rows: dict[type[Model], Model]
) -> None:
    with Desk.opened(chromium, world.app_url, language="de", theme="light", width=PHONE_WIDTH) as desk:
        desk.log_in("root")
        too_wide = {path: desk.sideways_scroll() for path in pages(rows) if desk.open(path)}
        assert {path: pixels for path, pixels in too_wide.items() if pixels > 0} == {}
