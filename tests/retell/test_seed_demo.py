"""`manage.py seed_demo`: believable rows in every list, and never among real ones."""

from typing import Any

import pytest
import requests
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from appointments.models import Appointment, Call, Company
from mcp_gateway import inbox, outbox
from mcp_gateway.models import LongAction, WebhookEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _for_development(settings: Settings) -> None:
    settings.DEBUG = True


def seed(calls: int = 60, **options: Any) -> None:
    call_command("seed_demo", calls=calls, **options)


def test_every_list_has_rows() -> None:
    seed()
    assert [model.__name__ for model in admin.site._registry if not model._default_manager.exists()] == []


def test_a_replay_that_was_called_off_has_the_results_until_then() -> None:
    seed(300)
    action = LongAction.objects.filter(state=LongAction.State.CANCELLED).earliest("pk")
    assert action.results.count() == action.done == 1


def test_the_page_of_each_long_action_opens(admin_client: Client) -> None:
    seed(300)
    pages = [reverse("admin:mcp_gateway_longaction_change", args=[action.pk]) for action in LongAction.objects.all()]
    assert {admin_client.get(page).status_code for page in pages} == {200}


def test_there_are_appointments_in_every_status() -> None:
    seed(300)
    assert set(Appointment.objects.values_list("status", flat=True)) == set(Appointment.Status.values)


def test_there_are_events_in_every_state() -> None:
    seed(300)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == set(WebhookEvent.State.values)


def test_so_many_calls_are_added_as_were_asked_for_and_again_at_the_second_time() -> None:
    seed(31)
    seed(31)
    assert Call.objects.count() == 62


def test_a_second_run_uses_the_same_companies() -> None:
    seed(6)
    names = sorted(Company.objects.values_list("name", flat=True))
    seed(6)
    assert sorted(Company.objects.values_list("name", flat=True)) == names


def test_one_company_is_as_new_as_can_be() -> None:
    seed(6)
    new = Company.objects.get(slug="seed-new")
    assert not new.services.exists()
    assert not new.calls.exists()


def test_rows_are_as_old_as_their_calls() -> None:
    seed(60)
    assert not Appointment.objects.exclude(created_at=F("call__started_at")).exists()


def test_no_worker_has_anything_to_do_at_once() -> None:
    seed(300)
    assert inbox.due_events() == []
    assert outbox.due_messages() == []


def test_nothing_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.Session, "send", lambda *_args, **_kwargs: pytest.fail("a request was sent"))
    seed(6)


def test_it_refuses_in_production(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError):
        seed()
    assert not Company.objects.exists()


@pytest.mark.parametrize("wrong", [{"calls": -1}, {"companies": 0}])
def test_wrong_numbers_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(CommandError):
        seed(**wrong)
