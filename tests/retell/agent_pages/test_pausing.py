"""Pausing an agent from its page, and undoing it from the message."""

import re

import pytest
from django.test import Client

from appointments.models import Company
from mcp_gateway.models import AuditEntry
from retell.models import RetellConfiguration
from tests.factories import make_configuration
from tests.retell.agent_pages.conftest import as_user, at, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(company: Company) -> RetellConfiguration:
    return make_configuration(company, agent_id="agent_<b>")


def is_paused(configuration: RetellConfiguration) -> bool:
    configuration.refresh_from_db()
    return configuration.paused_at is not None


def test_it_is_asked_first(admin: Client, here: RetellConfiguration) -> None:
    page = admin.get(at("retell_agent_pause", here.pk)).text
    assert "Pause agent_&lt;b&gt;?" in page
    assert "turned away" in page
    assert not is_paused(here)


def test_it_is_done_and_stands_in_the_trail(admin: Client, here: RetellConfiguration) -> None:
    page = admin.post(at("retell_agent_pause", here.pk), follow=True).text
    assert is_paused(here)
    assert "paused: sees to no appointments" in page
    assert page.count("turned away where their number asks this system first") == 2  # in the message and on the page
    entry = AuditEntry.objects.get(action="retell.agent_paused")
    assert (entry.object_type, entry.object_id, entry.company) == ("RetellConfiguration", str(here.pk), here.company)
    assert (entry.before, entry.after["paused_at"]) == ({"paused_at": None}, here.paused_at.isoformat())


def test_it_is_undone_from_the_message(here: RetellConfiguration, company: Company) -> None:
    staff = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    staff.force_login(person(company, "admin"))
    question = staff.get(at("retell_agent_pause", here.pk)).text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', question)
    page = staff.post(at("retell_agent_pause", here.pk), {"csrfmiddlewaretoken": token and token[1]}, follow=True).text
    undo = re.search(
        r'<form method="post" action="([^"]+)" class="undo"><input[^>]+value="(\w+)"><button>Undo</button>', page
    )
    assert undo
    assert "The agent agent_&lt;b&gt; is paused" in page
    staff.post(undo[1], {"csrfmiddlewaretoken": undo[2]})
    assert not is_paused(here)
    assert AuditEntry.objects.filter(action="retell.agent_resumed").count() == 1


def test_done_twice_it_acts_once(admin: Client, here: RetellConfiguration) -> None:
    for _ in range(2):
        page = admin.post(at("retell_agent_pause", here.pk), follow=True).text
    assert "This was done already." in page
    assert AuditEntry.objects.filter(action="retell.agent_paused").count() == 1


def test_both_pages_lead_to_it(admin: Client, here: RetellConfiguration) -> None:
    for page in (at("retell_agent", here.pk), at("retell_webhook_configuration")):
        assert at("retell_agent_pause", here.pk) in admin.get(page).text
    admin.post(at("retell_agent_pause", here.pk))
    for page in (at("retell_agent", here.pk), at("retell_webhook_configuration")):
        assert at("retell_agent_resume", here.pk) in admin.get(page).text


@pytest.mark.parametrize("name", ["retell_agent_pause", "retell_agent_resume"])
def test_who_may_only_look_neither_sees_nor_does_it(viewer: Client, here: RetellConfiguration, name: str) -> None:
    assert viewer.post(at(name, here.pk)).status_code == 403
    assert at(name, here.pk) not in viewer.get(at("retell_agent", here.pk)).text


@pytest.mark.parametrize("name", ["retell_agent_pause", "retell_agent_resume"])
def test_another_companys_agent_is_not_there(admin: Client, other_company: Company, name: str) -> None:
    theirs = make_configuration(other_company)
    assert [admin.get(at(name, theirs.pk)).status_code, admin.post(at(name, theirs.pk)).status_code] == [404, 404]


def test_it_is_there_in_german(here: RetellConfiguration, company: Company) -> None:
    german = as_user(person(company, "admin"), "de")
    assert "Rückgängig machen" in german.post(at("retell_agent_pause", here.pk), follow=True).text
