"""`queue`: the state of the work, and Celery's workers as far as they answer."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from appointments.models import Appointment, Company
from config.celery import app
from mcp_gateway import gateway, inbox, outbox, worker_queue
from mcp_gateway.errors import Conflict, InvalidParams, NotFound
from mcp_gateway.models import AuditEntry, OutboxMessage, WebhookEvent
from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry
from tests import bells
from tests.factories import make_service
from tests.mcp_gateway.conftest import VENDOR, Handle
from tests.servers import PROJECT, Process, Redis, free_port
from tests.waiting import eventually

State = WebhookEvent.State
Ask = Callable[..., Any]
Receive = Callable[..., WebhookEvent]


@pytest.fixture
def ask(company: Company) -> Ask:
    principal = Principal.of_task("tests", company.pk)
    return lambda method, **params: gateway.call(f"queue.{method}", params, principal=principal)


@pytest.fixture
def fails(handle: Handle) -> None:
    """The testing vendor's events can't be worked off."""

    @handle
    def refuse(event: WebhookEvent) -> WebhookEvent.State:
        raise inbox.PermanentFailure("The vendor is unknown.")


@contextmanager
def broker(url: str) -> Iterator[None]:
    """Celery talks to this broker for a while."""
    before = app.conf.broker_url
    app.conf.broker_url = url
    try:
        yield
    finally:
        app.conf.broker_url = before


class TestJobs:
    def test_the_latest_jobs_come_first(self, ask: Ask, receive: Receive) -> None:
        first, second = receive("1"), receive("2")
        jobs = ask("getRecentJobs")["jobs"]
        assert [job["id"] for job in jobs] == [second.pk, first.pk]
        assert (jobs[0]["provider"], jobs[0]["event"], jobs[0]["state"]) == (VENDOR, "ping", "received")

    def test_a_limit_holds(self, ask: Ask, receive: Receive) -> None:
        for number in range(3):
            receive(str(number))
        assert len(ask("getRecentJobs", limit=2)["jobs"]) == 2

    @pytest.mark.parametrize("limit", [0, 101, "many"])
    def test_limits_beyond_the_range_are_refused(self, ask: Ask, limit: Any) -> None:
        with pytest.raises(InvalidParams):
            ask("getRecentJobs", limit=limit)

    def test_failed_jobs_tell_their_last_error(self, ask: Ask, receive: Receive, fails: None) -> None:
        failed = receive("1")
        inbox.process(failed.pk)
        receive("2")
        (job,) = ask("getFailedJobs")["jobs"]
        assert (job["id"], job["state"], job["last_error"]) == (failed.pk, "failed", "The vendor is unknown.")

    def test_details_tell_every_attempt_and_no_content(self, ask: Ask, receive: Receive, fails: None) -> None:
        event = receive("1", payload={"transcript": "said in private"}, headers={"User-Agent": "secret-agent"})
        inbox.process(event.pk)
        details = ask("getJobDetails", job_id=event.pk)
        (attempt,) = details["attempts"]
        assert (attempt["number"], attempt["outcome"]) == (1, "failed")
        assert attempt["started_at"] <= attempt["ended_at"]
        assert "private" not in str(details)
        assert "secret-agent" not in str(details)

    @pytest.mark.parametrize("job_id", [0, -1, 2**63, "x", None])
    def test_impossible_ids_are_refused(self, ask: Ask, job_id: Any) -> None:
        with pytest.raises(InvalidParams):
            ask("getJobDetails", job_id=job_id)

    def test_another_companys_jobs_are_not_there(
        self, ask: Ask, receive: Receive, other_company: Company, fails: None
    ) -> None:
        theirs = receive("1", company_id=other_company.pk)
        inbox.process(theirs.pk)
        assert ask("getRecentJobs")["jobs"] == ask("getFailedJobs")["jobs"] == []
        for method in ("getJobDetails", "retryJob"):
            with pytest.raises(NotFound):
                ask(method, job_id=theirs.pk)
        assert WebhookEvent.objects.get(pk=theirs.pk).state == State.FAILED


class TestRetry:
    def test_a_failed_job_is_done_once_more(
        self, ask: Ask, receive: Receive, handle: Handle, fails: None, django_capture_on_commit_callbacks: Any
    ) -> None:
        event = receive("1")
        inbox.process(event.pk)
        handle(lambda event: State.DONE)
        bells.rung()
        with django_capture_on_commit_callbacks(execute=True):
            answer = ask("retryJob", job_id=event.pk)
            assert answer == {"job_id": event.pk, "was": "failed", "state": "received"}
        bells.answer()
        event.refresh_from_db()
        assert (event.state, [attempt["outcome"] for attempt in event.attempts]) == (State.DONE, ["failed", "done"])

    def test_a_second_retry_is_refused_while_the_job_waits(self, ask: Ask, receive: Receive, fails: None) -> None:
        event = receive("1")
        inbox.process(event.pk)
        ask("retryJob", job_id=event.pk)
        with pytest.raises(Conflict) as refusal:
            ask("retryJob", job_id=event.pk)
        assert refusal.value.kind == "not_settled"
        assert AuditEntry.objects.filter(action="webhook_event.replayed").count() == 1


class TestOverview:
    def test_it_counts_the_companys_own_work(
        self, ask: Ask, company: Company, other_company: Company, receive: Receive
    ) -> None:
        states = [State.RECEIVED, State.RECEIVED, State.PROCESSING, State.FAILED, State.DEAD, State.DONE]
        for number, state in enumerate(states):
            event = receive(str(number))
            WebhookEvent.objects.filter(pk=event.pk).update(state=state)
        receive("theirs", company_id=other_company.pk)
        found = ask("getOverview")
        assert {name: found[name] for name in ("waiting", "processing", "failed", "dead")} == {
            "waiting": 2,
            "processing": 1,
            "failed": 1,
            "dead": 1,
        }

    def test_it_tells_how_long_the_oldest_waits(self, ask: Ask, receive: Receive) -> None:
        assert ask("getOverview")["oldest_waiting_seconds"] is None
        event = receive("1")
        WebhookEvent.objects.filter(pk=event.pk).update(received_at=timezone.now() - timedelta(hours=1))
        assert 3600 <= ask("getOverview")["oldest_waiting_seconds"] < 3700

    def test_it_counts_appointments_being_booked(self, ask: Ask, company: Company) -> None:
        now = timezone.now()
        for status in ("booking", "scheduled"):
            Appointment.objects.create(
                company=company,
                service=company.services.first() or make_service(company),
                starts_at=now,
                ends_at=now + timedelta(minutes=30),
                status=status,
            )
        assert ask("getOverview")["appointments_being_booked"] == 1


class TestMetrics:
    def test_they_count_every_companys_events(
        self, ask: Ask, receive: Receive, other_company: Company, fails: None
    ) -> None:
        for event in (receive("1"), receive("2", company_id=other_company.pk)):
            inbox.process(event.pk)
        receive("3")
        metrics = ask("getMetrics")
        assert (metrics["events"]["failed"], metrics["events"]["received"]) == (2, 1)
        assert (metrics["ended_last_hour"], metrics["failed_last_hour"]) == (2, 2)
        assert metrics["average_seconds_last_hour"] >= 0

    def test_without_events_there_is_no_average(self, ask: Ask, db: None) -> None:
        metrics = ask("getMetrics")
        assert (metrics["average_seconds_last_hour"], metrics["oldest_waiting_seconds"]) == (None, None)


class TestWorkers:
    def test_none_is_up(self, ask: Ask) -> None:
        assert ask("getWorkers") == {"status": "no worker answered", "workers": []}
        assert (ask("getOverview")["worker_count"], ask("getMetrics")["worker_count"]) == (0, 0)
        assert registry.servers["queue"].health().model_dump() == {
            "status": "degraded",
            "reason": "no worker answered",
        }

    def test_the_broker_is_away(self, ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
        with broker(f"redis://:topsecret@127.0.0.1:{free_port()}/0"):
            assert ask("getWorkers") == {"status": "the broker does not answer", "workers": []}
            assert ask("getOverview")["worker_count"] is None
            assert registry.servers["queue"].health().reason == "the broker does not answer"
        assert "topsecret" not in caplog.text

    def test_messages_that_do_not_go_out_are_told(self, company: Company) -> None:
        cache.set(worker_queue.SIGN_OF_LIFE_KEY, "ok")
        outbox.put("testing", "key", {}, company.pk)
        assert registry.servers["queue"].health().status == "ok"
        OutboxMessage.objects.update(next_attempt_at=timezone.now() - timedelta(hours=1))
        assert registry.servers["queue"].health().reason == "1 messages wait to be sent"

    def test_whether_they_live_is_not_asked_at_every_look(self, db: None) -> None:
        queue = registry.servers["queue"]
        with broker(f"redis://127.0.0.1:{free_port()}/0"):
            queue.health()
        assert queue.health().reason == "the broker does not answer"

    @pytest.mark.processes
    def test_one_is_up_on_the_embedded_broker(self, tmp_path: Path) -> None:
        embedded = {"CELERY_BROKER_URL": None, "REDIS_URL": None, "DATABASE_URL": None, "VAR_DIR": str(tmp_path)}
        with a_worker(embedded):
            assert_a_worker_answers(embedded)

    @pytest.mark.servers
    @pytest.mark.processes
    def test_one_is_up_on_redis_until_it_is_killed(self) -> None:
        with Redis() as redis, a_worker({"CELERY_BROKER_URL": redis.url}) as worker:
            assert_a_worker_answers({"CELERY_BROKER_URL": redis.url})
            worker.kill()
            assert asked_elsewhere({"CELERY_BROKER_URL": redis.url})["status"] == "no worker answered"


ASK = """
import django
django.setup()
from mcp_gateway import worker_queue
print(worker_queue.workers().model_dump_json())
print(worker_queue._sign_of_life())
"""


@contextmanager
def a_worker(environment: dict[str, str | None]) -> Iterator[Process]:
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--hostname", "one@test"]
    command += ["--concurrency", "1", "--without-gossip", "--without-mingle"]
    with Process(command, environment=environment) as worker:
        yield worker
        worker.kill()


def asked_elsewhere(environment: dict[str, str | None]) -> dict[str, Any]:
    """What a process of these settings is told: the broker of this one is in its own memory."""
    settings = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "on", **environment}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={name: value for name, value in settings.items() if value is not None},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    workers, sign_of_life = done.stdout.splitlines()
    return {**json.loads(workers), "sign_of_life": sign_of_life}


def assert_a_worker_answers(environment: dict[str, str | None]) -> None:
    eventually(lambda: asked_elsewhere(environment)["workers"], what="a worker answers", seconds=30)
    found = asked_elsewhere(environment)
    (worker,) = found["workers"]
    assert (found["status"], found["sign_of_life"]) == ("ok", "ok")
    assert (worker["name"], worker["processes"], worker["tasks_done"]) == ("one@test", 1, {})
