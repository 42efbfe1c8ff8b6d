"""Outgoing messages in the staff's place: a message, and sending again what failed."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from appointments.models import Appointment, Company
from mcp_gateway import outbox
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.models import AuditEntry, OutboxMessage
from mcp_gateway.principal import Principal
from tests import bells
from tests.mcp_gateway.rows import rows_of
from tests.mcp_gateway.staff_admin.conftest import As

State = OutboxMessage.State
LIST = reverse("admin:mcp_gateway_outboxmessage_changelist")
SEND_AGAIN = reverse("admin:mcp_gateway_outboxmessage_send_again")
BY = Principal.of_task("tests")
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def dead(company: Company) -> OutboxMessage:
    return make(company)


def make(company: Company, key: str = "k", **columns: Any) -> OutboxMessage:
    defaults = {
        "kind": "mail",
        "payload": {"n": "<b>"},
        "state": State.DEAD,
        "attempts": 9,
        "last_error": "<i>away</i>",
    }
    return OutboxMessage.objects.create(company=company, dedupe_key=key, **{**defaults, **columns})


def url(message: OutboxMessage) -> str:
    return reverse("admin:mcp_gateway_outboxmessage_change", args=[message.pk])


def again(client: Client, *sent: OutboxMessage, reason: str = "mail server is back") -> Any:
    ids = ",".join(str(message.pk) for message in sent)
    return client.post(f"{SEND_AGAIN}?ids={ids}", {"reason": reason}, headers=ENGLISH)


def state(message: OutboxMessage) -> str:
    return OutboxMessage.objects.get(pk=message.pk).state


def test_what_was_given_up_waits_again_and_the_bell_rings(
    dead: OutboxMessage, django_capture_on_commit_callbacks: Any
) -> None:
    bells.rung()
    with django_capture_on_commit_callbacks(execute=True):
        before = outbox.send_again(dead.pk, reason="tests", by=BY)
    assert (before.state, before.attempts) == (State.DEAD, 9)
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == (State.WAITING, 0)
    assert [(ring.task, ring.args) for ring in bells.rung()] == [(outbox.DELIVER_TASK, (dead.pk,))]


def test_it_is_in_the_audit_trail(dead: OutboxMessage) -> None:
    outbox.send_again(dead.pk, reason="tests", by=BY)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.reason) == ("outbox_message.sent_again", str(dead.pk), "tests")
    assert entry.before == {"state": "dead", "attempts": 9, "last_error": "<i>away</i>"}


@pytest.mark.parametrize("other", sorted(set(State) - outbox.STUCK))
def test_what_has_not_failed_is_not_sent_again(dead: OutboxMessage, other: State) -> None:
    OutboxMessage.objects.update(state=other)
    with pytest.raises(Conflict):
        outbox.send_again(dead.pk, reason="tests", by=BY)
    assert (state(dead), AuditEntry.objects.count()) == (other, 0)


def test_an_unknown_message_is_not_found(db: None) -> None:
    with pytest.raises(NotFound):
        outbox.send_again(4711, reason="tests", by=BY)


def test_a_message_shows_its_error_and_what_it_is_about(admin: Client, company: Company) -> None:
    appointment = rows_of(company)[Appointment]
    message = make(company, payload={"appointment": appointment.pk, "note": "<script>x"})
    text = admin.get(url(message), headers=ENGLISH).text
    assert "&lt;i&gt;away&lt;/i&gt;" in text
    assert "<script>x" not in text
    assert f'href="/admin/appointments/appointment/{appointment.pk}/change/"' in text


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("operator", True), ("admin", True), ("root", True)])
def test_who_may_send_again(as_role: As, dead: OutboxMessage, role: str, may: bool) -> None:
    client = as_role(role)
    assert ("send-again" in client.get(url(dead)).text) is may
    assert client.get(SEND_AGAIN, {"ids": dead.pk}).status_code == (200 if may else 403)
    assert again(client, dead).status_code == (302 if may else 403)
    assert state(dead) == (State.WAITING if may else State.DEAD)


def test_it_asks_before_it_sends(operator: Client, dead: OutboxMessage, company: Company) -> None:
    sent = make(company, "sent", state=State.SENT)
    text = operator.get(SEND_AGAIN, {"ids": f"{dead.pk},{sent.pk}"}, headers=ENGLISH).text
    assert "1 message would be sent again." in text
    assert "1 would be skipped" in text
    assert state(dead) == State.DEAD
    german = operator.get(SEND_AGAIN, {"ids": dead.pk}, headers={"Accept-Language": "de"}).text
    assert "1 Nachricht würde noch einmal gesendet." in german


def test_done_twice_it_is_sent_once(operator: Client, dead: OutboxMessage) -> None:
    again(operator, dead)
    again(operator, dead)
    assert AuditEntry.objects.filter(action="outbox_message.sent_again").count() == 1


@pytest.mark.parametrize("reason", ["", " ", "x" * 501])
def test_it_needs_a_reason(operator: Client, dead: OutboxMessage, reason: str) -> None:
    assert again(operator, dead, reason=reason).status_code == 200
    assert state(dead) == State.DEAD


@pytest.mark.parametrize("ids", ["", "x", "4711"])
def test_nothing_chosen_is_not_found(operator: Client, ids: str) -> None:
    assert operator.get(SEND_AGAIN, {"ids": ids}).status_code == 404


def test_another_companys_message_is_out_of_reach(operator: Client, other_company: Company) -> None:
    theirs = make(other_company)
    assert again(operator, theirs).status_code == 404
    assert state(theirs) == State.DEAD


def test_a_selection_is_sent_again_together(operator: Client, company: Company) -> None:
    chosen = [make(company, "1"), make(company, "2", state=State.FAILED)]
    action = {"action": "send_again", "_selected_action": [message.pk for message in chosen], "index": 0}
    asked = operator.post(LIST, action)["Location"]
    assert operator.post(asked, {"reason": "tests"}).status_code == 302
    assert {state(message) for message in chosen} == {State.WAITING}


@pytest.mark.parametrize(
    ("number", "left"), [(3, "1 of the chosen messages is left"), (4, "2 of the chosen messages are left")]
)
def test_it_says_how_many_lie_beyond_its_bound(
    operator: Client, company: Company, monkeypatch: pytest.MonkeyPatch, number: int, left: str
) -> None:
    monkeypatch.setattr("mcp_gateway.outbox_admin.MOST_AT_ONCE", 2)
    chosen = [make(company, str(key)).pk for key in range(number)]
    action = {"action": "send_again", "_selected_action": chosen, "index": 0}
    asked = operator.post(LIST, action, headers=ENGLISH, follow=True).text
    assert "2 messages would be sent again." in asked
    assert f"Only 2 are sent again at once: {left}" in asked


def test_within_its_bound_it_says_nothing_of_it(operator: Client, dead: OutboxMessage) -> None:
    action = {"action": "send_again", "_selected_action": [dead.pk], "index": 0}
    assert "at once" not in operator.post(LIST, action, headers=ENGLISH, follow=True).text


def test_the_list_takes_few_queries(viewer: Client, company: Company, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        make(company, str(number), payload={"appointment": number})
    viewer.get(LIST)
    with django_assert_max_num_queries(12):
        viewer.get(LIST)
