"""Webhook events in the staff's place: an event with its attempts, and replays of one, some, and all of a filter."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from mcp_gateway import background, correlation, inbox, replays
from mcp_gateway.models import AuditEntry, LongAction, WebhookEvent
from mcp_gateway.principal import Principal
from tests import bells
from tests.mcp_gateway.conftest import Handle
from tests.mcp_gateway.staff_admin.conftest import As

Events = Callable[..., list[WebhookEvent]]
State = WebhookEvent.State
LIST = reverse("admin:mcp_gateway_webhookevent_changelist")
REPLAY = reverse("admin:mcp_gateway_webhookevent_replay")
DEAD_LETTERS = reverse("admin:dead_letters")


def url(event: WebhookEvent) -> str:
    return reverse("admin:mcp_gateway_webhookevent_change", args=[event.pk])


def page(client: Client, url: str, language: str = "en") -> str:
    response = client.get(url, headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.text


def form(*events: WebhookEvent, **changes: Any) -> dict[str, Any]:
    ids = ",".join(str(event.pk) for event in events)
    return {"reason": "Cal.com was down", "batch": str(uuid4()), "events": ids, **changes}


def states(*events: WebhookEvent) -> list[str]:
    return [WebhookEvent.objects.get(pk=event.pk).state for event in events]


@pytest.fixture
def broken(events: Events, handle: Handle) -> WebhookEvent:
    """An event that no worker could make anything of."""
    (event,) = events(1, payload={"name": "<script>alert(1)</script>", "umlaut": "ä"}, headers={"User-Agent": "axios"})

    @handle
    def fail(event: WebhookEvent) -> WebhookEvent.State:
        raise inbox.PermanentFailure("<b>No such agent</b>")

    inbox.process(event.pk)
    return event


def test_an_event_shows_its_attempts_and_its_error(viewer: Client, broken: WebhookEvent) -> None:
    text = page(viewer, url(broken))
    assert "&lt;b&gt;No such agent&lt;/b&gt;" in text
    assert "badge-bad" in text
    assert WebhookEvent.objects.get().attempts[0]["code_version"] in text


def test_the_payload_is_folded_and_stays_text(viewer: Client, broken: WebhookEvent) -> None:
    text = page(viewer, url(broken))
    assert "<script>alert" not in text
    assert re.search(r'<details>.*<pre id="payload">.*&lt;script&gt;.*ä', text, re.DOTALL)


def test_times_have_their_zone_and_utc_beside_them(viewer: Client, events: Events) -> None:
    (event,) = events(1, received_at="2026-11-22T23:30:05Z")
    text = page(viewer, url(event), "de")
    assert 'title="2026-11-22 23:30:05 UTC">23.11.2026 00:30 CET</time>' in text


def test_who_replayed_it_and_why_is_told_by_name(viewer: Client, broken: WebhookEvent) -> None:
    anna = User.objects.create_user("anna", first_name="Anna", last_name="Berg")
    inbox.replay(broken.pk, reason="agent is <back>", by=Principal.of_staff(anna))
    text = page(viewer, url(broken))
    assert "Anna Berg: agent is &lt;back&gt;" in text


def test_correlation_leads_to_all_that_belongs_to_it(admin: Client, events: Events) -> None:
    (event,) = events(1, correlation_id="00000000-0000-4000-8000-000000000007")
    text = page(admin, url(event))
    assert f"{LIST}?q={event.correlation_id}" in text
    assert f"{reverse('admin:mcp_gateway_auditentry_changelist')}?q={event.correlation_id}" in text


def test_an_event_takes_few_queries(viewer: Client, broken: WebhookEvent, django_assert_max_num_queries: Any) -> None:
    viewer.get(url(broken))
    with django_assert_max_num_queries(12):
        viewer.get(url(broken))


def test_the_list_tells_state_tries_and_error(viewer: Client, broken: WebhookEvent) -> None:
    text = page(viewer, LIST)
    assert "badge-bad" in text
    assert "&lt;b&gt;No such agent" in text


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("operator", True), ("admin", True), ("root", True)])
def test_who_may_replay(as_role: As, broken: WebhookEvent, role: str, may: bool) -> None:
    client = as_role(role)
    assert ("/replay/?ids=" in page(client, url(broken))) is may
    assert client.get(REPLAY, {"ids": broken.pk}).status_code == (200 if may else 403)
    assert client.post(REPLAY, form(broken)).status_code == (302 if may else 403)
    assert states(broken) == [State.RECEIVED if may else State.FAILED]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(operator: Client, events: Events) -> None:
    dead, done, waiting = *events(1, state="dead"), *events(1, state="done"), *events(1)
    text = page(operator, f"{REPLAY}?ids={dead.pk},{done.pk},{waiting.pk}")
    assert "2 events would be replayed." in text
    assert "1 would be skipped" in text
    assert states(dead, done, waiting) == ["dead", "done", "received"]
    assert "Noch ist nichts geschehen" in page(operator, f"{REPLAY}?ids={dead.pk}", "de")


def test_a_replay_is_worked_on_by_a_worker_and_told_with_its_reason(
    operator: Client, broken: WebhookEvent, django_capture_on_commit_callbacks: Any
) -> None:
    bells.rung()
    with django_capture_on_commit_callbacks(execute=True):
        response = operator.post(REPLAY, form(broken), follow=True, headers={"Accept-Language": "en"})
    assert [(ring.task, ring.args) for ring in bells.rung()] == [(inbox.PROCESS_TASK, (broken.pk,))]
    assert "1 event is replayed." in response.text
    assert "Cal.com was down" in response.text
    entry = AuditEntry.objects.get(action="webhook_event.replayed")
    assert (entry.object_id, entry.reason, entry.actor_kind) == (str(broken.pk), "Cal.com was down", "staff")


def test_the_result_page_tells_what_became_of_it(operator: Client, broken: WebhookEvent, handle: Handle) -> None:
    sent = form(broken)
    handle(lambda event: State.DONE)
    result = operator.post(REPLAY, sent)["Location"]
    assert "badge-waits" in page(operator, result)
    inbox.process(broken.pk)
    assert "badge-good" in page(operator, result)


def test_posted_twice_it_acts_once(operator: Client, broken: WebhookEvent) -> None:
    sent = form(broken)
    operator.post(REPLAY, sent)
    inbox.process(broken.pk)
    assert "erledigt" in operator.post(REPLAY, sent, follow=True, headers={"Accept-Language": "de"}).text
    assert states(broken) == [State.FAILED]
    assert AuditEntry.objects.filter(action="webhook_event.replayed").count() == 1


def test_what_waits_by_then_is_skipped(operator: Client, events: Events) -> None:
    dead, waiting = *events(1, state="dead"), *events(1)
    response = operator.post(REPLAY, form(dead, waiting), follow=True, headers={"Accept-Language": "en"})
    assert "1 was skipped" in response.text


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_it_needs_a_reason(operator: Client, broken: WebhookEvent, reason: str) -> None:
    response = operator.post(REPLAY, form(broken, reason=reason))
    assert response.status_code == 200
    assert response.context["form"].errors["reason"]
    assert states(broken) == [State.FAILED]


@pytest.mark.parametrize("changes", [{"events": "x"}, {"events": ""}, {"events": "1,x"}])
def test_a_form_that_was_tampered_with_does_nothing(
    operator: Client, broken: WebhookEvent, changes: dict[str, str]
) -> None:
    assert operator.post(REPLAY, form(broken, **changes)).status_code == 404
    assert operator.post(REPLAY, form(broken, batch="x")).status_code == 200
    assert states(broken) == [State.FAILED]


def test_another_companys_events_are_out_of_reach(operator: Client, events: Events, other_company: Company) -> None:
    (theirs,) = events(1, company=other_company, state="dead")
    assert operator.get(REPLAY, {"ids": theirs.pk}).status_code == 404
    operator.post(REPLAY, form(theirs))
    assert states(theirs) == ["dead"]


def test_a_foreign_replay_is_not_told(operator: Client, as_role: As, events: Events, other_company: Company) -> None:
    (theirs,) = events(1, company=other_company, state="dead")
    result = as_role("root").post(REPLAY, form(theirs))["Location"]
    assert operator.get(result).status_code == 404


def test_a_selection_leads_to_its_dry_run(operator: Client, events: Events) -> None:
    first, second, _other = events(3, state="dead")
    chosen = {"action": "replay", "_selected_action": [first.pk, second.pk], "index": 0}
    response = operator.post(LIST, chosen, follow=True)
    assert {event.pk for event in response.context["plan"].events} == {first.pk, second.pk}
    assert states(first, second) == ["dead", "dead"]


def test_everything_that_the_filter_shows_can_be_chosen(operator: Client, events: Events) -> None:
    dead = events(60, state="dead")
    events(2, state="done")
    chosen = {"action": "replay", "_selected_action": [dead[0].pk], "index": 0, "select_across": 1}
    response = operator.post(f"{LIST}?state__exact=dead", chosen, follow=True)
    assert len(response.context["plan"].events) == 60


def test_of_very_many_the_oldest_are_shown_and_all_are_replayed(
    operator: Client, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "SHOWN", 2)
    made = [events(1, state="dead", received_at=f"2026-11-2{day}T08:00:00Z")[0] for day in (3, 1, 2)]
    response = operator.get(REPLAY, {"state__exact": "dead"}, headers={"Accept-Language": "en"})
    assert [event.pk for event in response.context["plan"].events] == [made[1].pk, made[2].pk]
    assert response.context["plan"].ids == [made[1].pk, made[2].pk, made[0].pk]
    assert "Replay 3 events" in response.text
    assert "Only the 2 oldest are shown here." in response.text


class TestManyAtOnce:
    """More than a request should wait for: they are a long action."""

    @pytest.fixture
    def dead(self, events: Events) -> list[WebhookEvent]:
        return events(replays.AT_ONCE + 1, state="dead")

    def sent(self, client: Client, dead: list[WebhookEvent], **changes: Any) -> LongAction:
        response = client.post(REPLAY, form(*dead, **changes))
        action = LongAction.objects.latest("pk")
        assert response["Location"] == reverse("admin:mcp_gateway_longaction_change", args=[action.pk])
        return action

    def test_the_request_only_starts_it_and_a_worker_replays(self, operator: Client, dead: list[WebhookEvent]) -> None:
        action = self.sent(operator, dead)
        assert set(states(*dead)) == {State.DEAD}
        background.run(action.pk)
        assert set(states(*dead)) == {State.RECEIVED}
        assert LongAction.objects.get().done == len(dead)
        entries = AuditEntry.objects.filter(action="webhook_event.replayed", reason="Cal.com was down")
        assert {entry.actor for entry in entries} == {f"staff:{action.started_by_id}"}
        assert {entry.correlation_id for entry in entries} == {action.correlation_id}

    def test_the_dry_run_says_so(self, operator: Client, dead: list[WebhookEvent]) -> None:
        assert "in the background" in page(operator, f"{REPLAY}?state__exact=dead")
        assert "im Hintergrund" in page(operator, f"{REPLAY}?state__exact=dead", "de")
        assert "in the background" not in page(operator, f"{REPLAY}?ids={dead[0].pk}")

    def test_there_is_no_upper_limit(self, operator: Client, events: Events) -> None:
        dead = events(1200, state="dead")
        plan = operator.get(REPLAY, {"state__exact": "dead"}).context["plan"]
        assert len(plan.ids) == 1200
        assert self.sent(operator, dead).total == 1200

    def test_what_was_confirmed_is_replayed_and_nothing_that_came_since(
        self, operator: Client, dead: list[WebhookEvent], events: Events
    ) -> None:
        confirmed = operator.get(REPLAY, {"state__exact": "dead"}).context["form"].initial["events"]
        (later,) = events(1, state="dead")
        action = self.sent(operator, [], events=confirmed)
        background.run(action.pk)
        assert states(later) == ["dead"]
        assert action.items == [event.pk for event in dead]

    def test_posted_twice_it_is_one_action(self, operator: Client, dead: list[WebhookEvent]) -> None:
        same = {"batch": str(uuid4())}
        assert self.sent(operator, dead, **same) == self.sent(operator, dead, **same)
        assert LongAction.objects.count() == 1

    def test_one_that_waits_by_then_is_skipped(self, operator: Client, dead: list[WebhookEvent]) -> None:
        action = self.sent(operator, dead)
        WebhookEvent.objects.filter(pk=dead[0].pk).update(state="received")
        background.run(action.pk)
        action.refresh_from_db()
        assert (action.done, action.skipped, action.failed) == (len(dead) - 1, 1, 0)

    def test_an_item_that_is_done_again_is_replayed_once(
        self, operator: Client, dead: list[WebhookEvent], handle: Handle
    ) -> None:
        """A worker died after the replay, and before it could say so; meanwhile the event was worked off."""
        action = self.sent(operator, dead)
        by = Principal.of_staff(action.started_by)
        handle(lambda event: State.DONE)
        for _ in range(2):
            with correlation.bound(action.correlation_id):
                assert background.kinds["webhook_replay"].work(action, dead[0].pk, by).outcome == "done"
            inbox.process(dead[0].pk)
        assert AuditEntry.objects.filter(action="webhook_event.replayed").count() == 1
        assert len(WebhookEvent.objects.get(pk=dead[0].pk).attempts) == 1

    def test_another_companys_events_are_left_out(
        self, operator: Client, dead: list[WebhookEvent], events: Events, other_company: Company
    ) -> None:
        (theirs,) = events(1, state="dead", company=other_company)
        assert self.sent(operator, [*dead, theirs]).total == len(dead)

    def test_who_lost_a_company_meanwhile_replays_none_of_its_events(
        self, as_role: As, dead: list[WebhookEvent], events: Events, other_company: Company
    ) -> None:
        client = as_role("operator")
        operator = User.objects.get(username="operator")
        other_company.staff.add(operator)
        (theirs,) = events(1, state="dead", company=other_company)
        action = self.sent(client, [*dead, theirs])
        assert action.company is None
        other_company.staff.remove(operator)
        background.run(action.pk)
        assert states(theirs) == ["dead"]
        action.refresh_from_db()
        assert (action.done, action.skipped) == (len(dead), 1)


def test_dead_letters_are_put_together_by_error(operator: Client, events: Events, other_company: Company) -> None:
    events(3, state="dead", last_error="<i>Timeout</i>")
    events(1, state="failed", last_error="No such agent")
    events(9, state="dead", last_error="Timeout", company=other_company)
    text = page(operator, DEAD_LETTERS)
    assert [row["group"].count for row in operator.get(DEAD_LETTERS).context["rows"]] == [3, 1]
    assert "&lt;i&gt;Timeout&lt;/i&gt;" in text
    assert "Unzustellbares" in page(operator, DEAD_LETTERS, "de")


def test_a_group_of_dead_letters_is_replayed_together(operator: Client, events: Events) -> None:
    events(3, state="dead", last_error="Timeout")
    events(2, state="dead")
    for row in operator.get(DEAD_LETTERS).context["rows"]:
        assert len(operator.get(row["replay_url"]).context["plan"].events) == row["group"].count
        assert operator.get(row["list_url"]).context["cl"].result_count == row["group"].count


def test_who_may_only_look_is_not_offered_a_replay(viewer: Client, events: Events) -> None:
    events(1, state="dead")
    assert "/replay/" not in page(viewer, DEAD_LETTERS)


def test_without_dead_letters_the_page_says_so(viewer: Client) -> None:
    assert "Nothing has failed for good." in page(viewer, DEAD_LETTERS)


def test_dead_letters_take_few_queries(viewer: Client, events: Events, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        events(2, state="dead", last_error=f"Error {number}")
    viewer.get(DEAD_LETTERS)
    with django_assert_max_num_queries(10):
        viewer.get(DEAD_LETTERS)


def test_who_has_no_role_sees_no_dead_letters(client: Client, company: Company) -> None:
    user = User.objects.create_user("new", is_staff=True)
    company.staff.add(user)
    client.force_login(user)
    assert client.get(DEAD_LETTERS).status_code == 403
