"""Long actions in the staff's place: how far one is, what became of each item, cancelling it, and whose it is."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from mcp_gateway import background, worker_queue
from mcp_gateway.background import Kind, Outcome, Result
from mcp_gateway.models import AuditEntry, LongAction
from tests.mcp_gateway.staff_admin.conftest import As

KIND = "testing"
LIST = reverse("admin:mcp_gateway_longaction_changelist")
State = LongAction.State
Start = Callable[..., LongAction]


def url(action: LongAction, name: str = "change") -> str:
    return reverse(f"admin:mcp_gateway_longaction_{name}", args=[action.pk])


def page(client: Client, url: str, language: str = "en") -> str:
    response = client.get(url, headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.text


def state_of(action: LongAction) -> str:
    return LongAction.objects.get(pk=action.pk).state


@pytest.fixture(autouse=True)
def _a_worker_answers(db: None) -> None:
    cache.set(worker_queue.SIGN_OF_LIFE_KEY, "ok")


@pytest.fixture
def outcomes() -> Iterator[dict[str, Result]]:
    """What each item comes to; those that are not in it are done."""
    outcomes: dict[str, Result] = {}
    background.kinds[KIND] = Kind(
        title="Trials",
        permission="mcp_gateway.change_webhookevent",
        work=lambda _action, item, _by: outcomes.get(item, Result()),
    )
    yield outcomes
    del background.kinds[KIND]


@pytest.fixture
def start(outcomes: dict[str, Result], company: Company, operator: Client) -> Start:
    def start(*items: Any, **fields: Any) -> LongAction:
        user = User.objects.get(username="operator")
        return background.start(KIND, items, **{"user": user, "company_id": company.pk, "key": uuid4(), **fields})

    return start


def test_it_is_told_how_far_it_is(viewer: Client, start: Start, outcomes: dict[str, Result]) -> None:
    outcomes |= {"b": Result(outcome=Outcome.SKIPPED), "c": Result(outcome=Outcome.FAILED)}
    action = start("a", "b", "c", "d")
    background.run(action.pk)
    text = page(viewer, url(action))
    assert '<progress max="4" value="4"' in text
    assert all(told in text for told in ("4 in all:", "2 done,", "1 skipped,", "1 failed."))
    german = page(viewer, url(action), "de")
    assert all(told in german for told in ("4 insgesamt:", "2 erledigt,", "1 übersprungen,", "1 fehlgeschlagen."))


def test_what_failed_stands_first_and_is_text(viewer: Client, start: Start, outcomes: dict[str, Result]) -> None:
    outcomes["<i>b</i>"] = Result(outcome=Outcome.FAILED, told="<script>alert(1)</script>")
    action = start("a", "<i>b</i>")
    background.run(action.pk)
    results = viewer.get(url(action)).context["results"]
    assert [result["item"] for result in results] == ["<i>b</i>", "a"]
    text = page(viewer, url(action))
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<i>b" not in text


def test_of_very_many_results_some_are_shown(viewer: Client, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_gateway.long_action_admin.SHOWN_RESULTS", 2)
    action = start("a", "b", "c")
    background.run(action.pk)
    assert "2 of them are shown" in page(viewer, url(action))


def test_while_it_runs_the_page_comes_again_by_itself_and_by_a_link(viewer: Client, start: Start) -> None:
    action = start("a")
    text = page(viewer, url(action))
    assert "data-running" in text
    assert "staff/long_action.js" in text
    assert "Look again" in text
    background.run(action.pk)
    text = page(viewer, url(action))
    assert "data-running" not in text
    assert "Look again" not in text


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("no worker answered", "No worker answers."),
        ("the broker does not answer", "The message broker does not answer"),
    ],
)
def test_where_no_worker_answers_the_page_says_so(viewer: Client, start: Start, status: str, told: str) -> None:
    cache.set(worker_queue.SIGN_OF_LIFE_KEY, status)
    action = start("a")
    assert told in page(viewer, url(action))
    background.run(action.pk)
    assert told not in page(viewer, url(action))


def test_why_it_could_not_go_on_is_told(viewer: Client, start: Start) -> None:
    action = start("a")
    User.objects.filter(username="operator").update(is_active=False)
    background.run(action.pk)
    assert "Whoever started it may not do that any more." in page(viewer, url(action))


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("operator", True), ("admin", True), ("root", True)])
def test_who_may_start_it_may_cancel_it(as_role: As, outcomes: Any, company: Company, role: str, may: bool) -> None:
    client = as_role(role)
    action = background.start(KIND, ["a"], user=User.objects.get(), company_id=company.pk, key=uuid4())
    assert ("/cancel/" in page(client, url(action))) is may
    response = client.post(url(action, "cancel"), follow=may, headers={"Accept-Language": "en"})
    assert response.status_code == (200 if may else 403)
    assert state_of(action) == (State.CANCELLED if may else State.WAITING)
    assert ("It is called off" in response.text) is may


def test_cancelled_twice_it_is_cancelled_once(operator: Client, start: Start) -> None:
    action = start("a")
    operator.post(url(action, "cancel"))
    again = operator.post(url(action, "cancel"), follow=True, headers={"Accept-Language": "de"})
    assert "schon zu Ende" in again.text
    assert AuditEntry.objects.filter(action="long_action.cancelled").count() == 1


def test_looking_cancels_nothing(operator: Client, start: Start) -> None:
    action = start("a")
    assert operator.get(url(action, "cancel")).status_code == 405
    assert state_of(action) == State.WAITING


def test_another_companys_is_not_there(operator: Client, start: Start, other_company: Company) -> None:
    action = start("a", company_id=other_company.pk)
    assert operator.get(url(action)).status_code == 404
    assert operator.post(url(action, "cancel")).status_code == 404
    assert state_of(action) == State.WAITING


def test_one_of_several_companies_is_there_for_whoever_started_it(
    operator: Client, admin: Client, start: Start
) -> None:
    action = start("a", company_id=None)
    assert operator.get(url(action)).status_code == 200
    assert admin.get(url(action)).status_code == 404
    assert list(admin.get(LIST).context["cl"].result_list) == []


def test_the_list_tells_what_who_and_how_far(viewer: Client, start: Start) -> None:
    action = start("a", "b")
    text = page(viewer, LIST)
    assert "Trials" in text
    assert "0 / 2" in text
    assert "operator" in text
    background.run(action.pk)
    assert "2 / 2" in page(viewer, LIST)


def test_an_empty_list_says_what_will_come_here(viewer: Client) -> None:
    assert "Nothing that takes long has been started yet" in page(viewer, LIST)
    assert "Noch ist nichts gestartet worden" in page(viewer, LIST, "de")


def test_a_page_takes_few_queries(viewer: Client, start: Start, django_assert_max_num_queries: Any) -> None:
    action = start(*map(str, range(30)))
    background.run(action.pk)
    viewer.get(url(action))
    with django_assert_max_num_queries(12):
        viewer.get(url(action))
