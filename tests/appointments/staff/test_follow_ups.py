"""The staff's inbox: what is open comes first, and each step acts once and is in the trail."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from appointments.models import Company, FollowUp
from mcp_gateway import confirming
from mcp_gateway.models import AuditEntry
from tests import trail
from tests.appointments.staff.conftest import In, make_appointment
from tests.factories import make_call

pytestmark = pytest.mark.django_db
LIST = "/admin/appointments/followup/"
Status = FollowUp.Status


def make(company: Company, **columns: Any) -> FollowUp:
    return FollowUp.objects.create(company=company, **{"kind": "callback", "what_to_do": "Ring her", **columns})


@pytest.fixture
def task(company: Company) -> FollowUp:
    call = make_call(company, caller_phone="+4915112345678")
    return make(company, call=call, appointment=make_appointment(company, call=call))


def step(client: Client, task: FollowUp, name: str, **fields: str) -> str:
    answer = client.post(f"{LIST}{task.pk}/{name}/", fields, follow=True)
    task.refresh_from_db()
    return answer.text


def test_what_is_open_comes_first_and_of_that_what_waits_longest(operator: Client, company: Company) -> None:
    done, young, old = make(company, status=Status.DONE), make(company), make(company, status=Status.TAKEN)
    FollowUp.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    listed = operator.get(LIST)
    assert [row.pk for row in listed.context["cl"].result_list] == [old.pk, young.pk, done.pk]
    assert "2 days" in listed.text


def test_it_tells_whom_to_call_and_leads_on(operator: Client, task: FollowUp) -> None:
    for url in (LIST, f"{LIST}{task.pk}/change/"):
        shown = operator.get(url).text
        assert 'href="tel:+4915112345678"' in shown
        assert "Erika Beispiel" in shown
    assert f"/admin/appointments/call/{task.call_id}/change/" in shown
    assert f"/admin/appointments/appointment/{task.appointment_id}/change/" in shown


def test_taking_makes_it_mine(operator: Client, task: FollowUp) -> None:
    step(operator, task, "take")
    assert (task.status, task.assignee.username) == (Status.TAKEN, "operator")
    assert operator.get(f"{LIST}?view=mine").context["cl"].result_count == 1
    assert trail.done().get().action == "follow_up.taken"


def test_of_two_who_take_it_one_has_it(logged_in: In, task: FollowUp) -> None:
    step(logged_in("operator"), task, "take")
    assert "somebody was quicker" in step(logged_in("admin"), task, "take")
    assert task.assignee.username == "operator"
    assert trail.done().count() == 1


def test_it_is_released_done_and_opened_again(operator: Client, task: FollowUp) -> None:
    states = []
    for name in ("take", "release", "finish", "reopen"):
        step(operator, task, name)
        states.append(task.status)
    assert states == [Status.TAKEN, Status.OPEN, Status.DONE, Status.OPEN]
    assert (task.assignee, task.openings) == (None, 2)


def test_done_twice_is_done_once(operator: Client, task: FollowUp) -> None:
    step(operator, task, "finish")
    step(operator, task, "finish")
    assert trail.done().filter(action="follow_up.done").count() == 1


def test_notes_stay_with_who_wrote_them(operator: Client, task: FollowUp) -> None:
    step(operator, task, "note", note="Nobody <b>there</b>")
    shown = step(operator, task, "note", note="Will call back")
    assert "Nobody &lt;b&gt;there&lt;/b&gt;" in shown
    assert "Will call back" in shown
    assert trail.done().filter(action="follow_up.noted", actor_kind="staff").count() == 2


def test_an_empty_note_is_none(operator: Client, task: FollowUp) -> None:
    assert "The note was empty" in step(operator, task, "note", note="  ")
    assert not trail.done().exists()


def test_several_are_worked_through_at_once(operator: Client, company: Company, other_company: Company) -> None:
    open_one, done, foreign = make(company), make(company, status=Status.DONE), make(other_company)
    chosen = {
        "action": "finish_chosen",
        "_selected_action": [open_one.pk, done.pk, foreign.pk],
        "confirmed": "yes",
    }
    answer = operator.post(LIST, chosen, follow=True).text
    assert "Done with 1 follow-up. 1 was skipped." in answer
    assert FollowUp.objects.get(pk=open_one.pk).status == Status.DONE
    assert FollowUp.objects.get(pk=foreign.pk).status == Status.OPEN


@pytest.mark.parametrize(
    ("action", "fits", "skipped"),
    [("take_chosen", 2, 2), ("release_chosen", 1, 3), ("finish_chosen", 3, 1), ("reopen_chosen", 1, 3)],
)
def test_beforehand_it_is_told_how_many_it_would_be(
    operator: Client, company: Company, other_company: Company, action: str, fits: int, skipped: int
) -> None:
    colleague = User.objects.create_user("colleague")
    rows = [
        make(company),
        make(company),
        make(company, status=Status.TAKEN, assignee=colleague),
        make(company, status=Status.DONE),
    ]
    chosen = {"action": action, "_selected_action": [*(row.pk for row in rows), make(other_company).pk]}
    response = operator.post(LIST, chosen)
    assert (response.context["fits"], response.context["skipped"]) == (fits, skipped)
    assert f"It would be done with {fits} row" in response.text
    assert not AuditEntry.objects.exists()
    done = operator.post(LIST, {**chosen, "confirmed": "yes"}, follow=True).text
    assert f"Done with {fits} follow-up" in done
    assert f"{skipped} {'was' if skipped == 1 else 'were'} skipped." in done


@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
@pytest.mark.parametrize("action", ["take_chosen", "finish_chosen"])
def test_more_rows_than_a_request_has_time_for_are_refused(
    operator: Client, company: Company, action: str, confirmed: dict[str, str]
) -> None:
    FollowUp.objects.bulk_create(
        FollowUp(company=company, kind="callback", what_to_do="Ring") for _ in range(confirming.MOST_KEYS + 1)
    )
    first = FollowUp.objects.values_list("pk", flat=True)[0]
    every = {"action": action, "_selected_action": first, "select_across": "1", **confirmed}
    answer = operator.post(LIST, every, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert "More than 500 rows are chosen: nothing was done." in answer.text
    assert not FollowUp.objects.exclude(status=Status.OPEN).exists()


def test_an_assignee_given_in_the_form_is_in_the_trail(operator: Client, task: FollowUp) -> None:
    colleague = User.objects.get(username="operator")
    operator.post(f"{LIST}{task.pk}/change/", {"status": "taken", "assignee": colleague.pk})
    assert trail.done().get(action="follow_up.changed").after["assignee"] == colleague.pk


class TestTwoWhoEditOne:
    @pytest.fixture
    def url(self, task: FollowUp) -> str:
        return f"{LIST}{task.pk}/change/"

    def seen(self, page: str) -> str:
        found = re.search(r'name="seen" value="([^"]+)"', page)
        assert found
        return found[1]

    def test_the_second_save_is_refused_and_shown_the_difference(
        self, logged_in: In, operator: Client, task: FollowUp, url: str
    ) -> None:
        me, colleague = User.objects.get(username="operator"), logged_in("admin")
        seen = self.seen(colleague.get(url).text)
        operator.post(url, {"status": "taken", "assignee": me.pk, "seen": self.seen(operator.get(url).text)})
        answer = colleague.post(url, {"status": "done", "assignee": "", "seen": seen}).text
        assert "Somebody has saved this since you opened it" in answer
        assert "Status: was “open”, is “taken” now." in answer
        assert "is “operator” now." in answer
        task.refresh_from_db()
        assert (task.status, task.assignee) == (Status.TAKEN, me)

    def test_what_the_second_wrote_still_stands_there_and_can_be_saved(
        self, operator: Client, task: FollowUp, url: str
    ) -> None:
        seen = self.seen(operator.get(url).text)
        step(operator, task, "take")
        refused = operator.post(url, {"status": "done", "assignee": "", "seen": seen}).text
        assert '<option value="done" selected>' in refused
        operator.post(url, {"status": "done", "assignee": "", "seen": self.seen(refused)})
        task.refresh_from_db()
        assert task.status == Status.DONE


@pytest.mark.parametrize("name", ["take", "release", "finish", "reopen", "note"])
def test_steps_are_for_those_who_may(logged_in: In, task: FollowUp, other_company: Company, name: str) -> None:
    viewer = logged_in("viewer")
    assert viewer.post(f"{LIST}{task.pk}/{name}/", {"note": "x"}).status_code == 403
    assert f"../{name}/" not in viewer.get(f"{LIST}{task.pk}/change/").text
    operator = logged_in("operator")
    assert operator.get(f"{LIST}{task.pk}/{name}/").status_code == 405
    assert operator.post(f"{LIST}{make(other_company).pk}/{name}/").status_code == 404
    assert not trail.done().exists()


@pytest.mark.usefixtures("in_memory")
def test_pages_cost_the_same_however_many_there_are(
    operator: Client, company: Company, task: FollowUp, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        call = make_call(company)
        make(company, call=call, appointment=make_appointment(company, call=call))
    operator.get(LIST)
    with django_assert_max_num_queries(12):
        operator.get(LIST)
    with django_assert_max_num_queries(14):
        operator.get(f"{LIST}{task.pk}/change/")


def test_what_strangers_say_is_text(operator: Client, company: Company) -> None:
    row = make(company, what_to_do="<script>alert(1)</script>")
    for url in (LIST, f"{LIST}{row.pk}/change/"):
        assert "<script>alert" not in operator.get(url).text


def test_it_is_german_for_germans(logged_in: In, task: FollowUp) -> None:
    shown = logged_in("operator", language="de").get(f"{LIST}{task.pk}/change/").text
    assert "Übernehmen: Ich kümmere mich" in shown
    assert "Notizen und Verlauf" in shown
