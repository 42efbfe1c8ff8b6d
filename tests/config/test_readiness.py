"""`manage.py check --deploy` and the pages of staff say the same of a system, whatever state it is in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone

from appointments.models import Company, Service
from calcom.models import CalcomEventType
from mcp_gateway import worker_queue
from retell.models import RetellConfiguration
from tests.factories import make_company, make_configuration, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_memory")]
PORTAL = "/admin/company-integration-portal/"
Change = Callable[[], object]


@pytest.fixture
def whole() -> Company:
    """A company that is set up, whose worker and clock are at work."""
    company = make_company(name="Salon", retell_api_key="key_rest")
    make_service(company, calcom_event_type_id=1)
    CalcomEventType.objects.create(
        company=company, event_type_id=1, title="Cut", slug="cut", length_minutes=30, last_synced_at=timezone.now()
    )
    make_configuration(company, deployed_version=3, last_test_at=timezone.now(), last_test_outcome="ok: HTTP 204")
    worker_queue.note_sweep()
    cache.set(worker_queue.SIGN_OF_LIFE_KEY, "ok")
    return company


@pytest.fixture
def browser() -> Client:
    browser = Client(headers={"Accept-Language": "en"})
    browser.force_login(User.objects.create_superuser("superuser"))
    return browser


def warnings() -> dict[str, list[str]]:
    """What the command says, by id."""
    found: dict[str, list[str]] = {}
    for message in run_checks(include_deployment_checks=True, databases=["default"]):
        found.setdefault(message.id or "", []).append(message.msg)
    return found


def shown_steps(browser: Client, company: Company) -> list[str]:
    """The open steps on the company's page, without those that come by themselves."""
    state = browser.get(f"{PORTAL}{company.pk}/").context["state"]
    return [step.title for step in state.open_steps if not step.comes_by_itself]


def shown_work(browser: Client) -> list[str]:
    return [fact.text for fact in browser.get(PORTAL).context["work"] if fact.look_name != "good"]


@pytest.mark.parametrize(
    "change",
    [
        lambda: None,
        lambda: Company.objects.update(phone_number=None),
        lambda: Company.objects.update(retell_api_key=""),
        lambda: Company.objects.update(retell_webhook_key=""),
        lambda: Company.objects.update(calcom_api_key=""),
        lambda: CalcomEventType.objects.all().delete(),
        lambda: Service.objects.update(calcom_event_type_id=None),
        lambda: RetellConfiguration.objects.all().delete(),
        lambda: RetellConfiguration.objects.update(deployed_version=None),
        lambda: RetellConfiguration.objects.update(last_test_outcome="failed"),
    ],
    ids=["whole", "number", "key", "webhook key", "Cal.com", "types", "service", "agent", "deployed", "tested"],
)
def test_the_same_steps_are_open(whole: Company, browser: Client, change: Change, request: Any) -> None:
    change()
    steps = shown_steps(browser, whole)
    assert warnings().get("config.W006", []) == [f"Salon: {step}." for step in steps]
    assert bool(steps) is ("whole" not in request.node.name)


def test_a_company_that_is_switched_off_has_nothing_open(whole: Company) -> None:
    Company.objects.update(is_active=False, retell_webhook_key="")
    assert "config.W006" not in warnings()


@pytest.mark.parametrize("status", ["ok", "no worker answered", "the broker does not answer"])
def test_the_same_is_said_of_worker_and_broker(whole: Company, browser: Client, status: str) -> None:
    cache.set(worker_queue.SIGN_OF_LIFE_KEY, status)
    said = warnings().get("config.W004", [])
    assert bool(said) is (status != "ok") is any(text.startswith("Worker") for text in shown_work(browser))
    assert said in ([], [f"{status.capitalize()}."])


@pytest.mark.parametrize("seconds", [0, 170, 190])
def test_the_same_is_said_of_the_beat(
    whole: Company, browser: Client, time_machine: Any, settings: Any, seconds: int
) -> None:
    settings.SWEEP_SECONDS = 60.0
    time_machine.move_to("2026-11-25T10:00:00Z", tick=False)
    worker_queue.note_sweep()
    time_machine.move_to(f"2026-11-25T10:0{seconds // 60}:{seconds % 60:02d}Z", tick=False)
    cache.set(worker_queue.SIGN_OF_LIFE_KEY, "ok")
    is_late = seconds > 181
    assert ("config.W005" in warnings()) is is_late
    assert ("Clock (beat): stands still" in shown_work(browser)) is is_late
    assert ("Timed tasks stand still" in browser.get("/admin/").text) is is_late


def test_a_beat_of_which_nothing_is_known_is_told_by_both(whole: Company, browser: Client) -> None:
    cache.delete(worker_queue.LAST_SWEEP_KEY)
    assert warnings()["config.W005"] == ["Timed tasks (beat): no sign yet."]
    assert "Clock (beat): no sign yet" in shown_work(browser)


@pytest.mark.parametrize("url", ["https://phone.example.com", "http://phone.example.com"])
def test_the_same_is_said_of_the_own_address(whole: Company, browser: Client, settings: Any, url: str) -> None:
    settings.APP_URL = url
    is_open = url.startswith("http:")
    assert ("config.E004" in warnings()) is is_open
    assert ("Own address (APP_URL): not https" in shown_work(browser)) is is_open


def test_without_the_database_only_settings_are_looked_at(whole: Company) -> None:
    Company.objects.update(retell_webhook_key="")
    assert "config.W006" not in {message.id for message in run_checks(include_deployment_checks=True)}
