"""What is wrong with a form is told beside the field, and the field points at it."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from appointments.models import Appointment, Company, FollowUp
from mcp_gateway.models import WebhookEvent
from retell.models import RetellConfiguration
from tests.config.admin_places import Rows
from tests.staff_pages.every_page import staff
from tests.staff_pages.markup import Element, Page
from tests.staff_pages.test_structure import faults

pytestmark = pytest.mark.django_db
ADD_FORMS = (
    *("appointments_company", "appointments_service", "appointments_customer", "mcp_gateway_apitoken"),
    *("retell_retellconfiguration", "auth_user", "auth_group"),
)


def wrong(client: Client, url: str, **data: Any) -> Page:
    answer = client.post(url, data)
    assert answer.status_code == 200, url
    return Page.read(url, answer.text)


def unlinked(page: Page) -> list[str]:
    """Errors of fields that no field points at, and fields that don't say they are wrong."""
    pointed_at = {name: field for field in page.all() for name in field["aria-describedby"].split()}
    lists = [one for one in page.all("ul") if "errorlist" in one.classes and "nonfield" not in one.classes]
    assert lists, f"nothing is wrong on {page.path}"
    return [f"{one.text}: {_fault(pointed_at.get(one['id']))}" for one in lists if _fault(pointed_at.get(one["id"]))]


def _fault(field: Element | None) -> str:
    if field is None:
        return "no field points at it"
    return "" if field["aria-invalid"] == "true" or field["role"] == "group" else "its field does not say so"


@pytest.mark.parametrize("name", ADD_FORMS)
def test_an_empty_form_says_at_each_field_what_is_missing(root: User, rows: Rows, name: str) -> None:
    page = wrong(staff("de", root), reverse(f"admin:{name}_add"))
    assert unlinked(page) == []
    assert faults(page) == []


def test_the_staffs_own_forms_do_so_too(root: User, rows: Rows) -> None:
    client, company, agent = staff("de", root), rows[Company], rows[RetellConfiguration]
    appointment = rows[Appointment]
    Appointment.objects.filter(pk=appointment.pk).update(status=Appointment.Status.SCHEDULED)
    WebhookEvent.objects.filter(pk=rows[WebhookEvent].pk).update(state=WebhookEvent.State.FAILED)
    pages = [
        wrong(client, reverse("admin:appointments_appointment_cancel", args=[appointment.pk])),
        wrong(client, reverse("admin:mcp_gateway_webhookevent_replay"), events=rows[WebhookEvent].pk, batch=uuid4()),
        wrong(client, f"{reverse('admin:console')}?method=calcom.checkAvailability", company_id="", start="x"),
        wrong(client, reverse("admin:retell_function", args=[agent.pk, "check_availability"]), parameters="{"),
        wrong(client, reverse("admin:portal_action", args=[company.pk, "token"]), **{"token-name": ""}),
    ]
    found = {page.path: [*unlinked(page), *faults(page)] for page in pages}
    assert not any(found.values()), json.dumps(found, indent=1, ensure_ascii=False)


def test_a_message_is_announced(root: User, rows: Rows) -> None:
    client, url = staff("de", root), reverse("admin:appointments_followup_changelist")
    page = Page.read(
        url,
        client.post(
            url, {"action": "finish_chosen", "_selected_action": rows[FollowUp].pk, "confirmed": "yes"}, follow=True
        ).text,
    )
    messages = page.root.with_id("messages")
    assert messages is not None
    assert (messages["role"], messages["aria-live"]) == ("status", "polite")
    assert messages.text
