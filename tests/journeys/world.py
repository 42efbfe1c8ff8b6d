"""A whole installation for journeys: web processes, workers and both vendors' sandboxes, all of them real.

The processes work on the test's own database and cache, so that a test states a call and reads the rows.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import requests
from django.conf import settings
from django.db import connection

from appointments.models import Company
from calcom.sandbox import CalcomSandbox
from mcp_gateway.sandbox import RunningSandbox
from retell.demo.company import Vendors, set_up_company
from retell.sandbox import RetellSandbox
from tests.servers import Process, free_port
from tests.waiting import eventually

PLAY_SECONDS = 120


def database_url() -> str:
    """The test's database as DATABASE_URL."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    return f"mysql://{values['USER']}:{values['PASSWORD']}@{values['HOST']}:{values['PORT']}/{values['NAME']}"


@dataclass
class World:
    """Use as a context manager. `workers` may be started and stopped by the test."""

    folder: Path
    database_url: str = field(default_factory=database_url)
    redis_url: str = field(default_factory=lambda: settings.REDIS_URL)
    broker_url: str = ""
    worker_count: int = 2

    def __enter__(self) -> Self:
        (self.folder / "metrics").mkdir(exist_ok=True)
        with ExitStack() as stack:
            self.calcom_url = stack.enter_context(RunningSandbox(CalcomSandbox())).base_url
            self.retell_url = stack.enter_context(RunningSandbox(RetellSandbox())).base_url
            self.port = free_port()
            self.app_url = f"http://127.0.0.1:{self.port}"
            self.web = stack.enter_context(self._web())
            self.workers = [stack.enter_context(self._worker(number)) for number in range(self.worker_count)]
            self.beat = stack.enter_context(self._beat())
            eventually(self._is_ready, what=f"the web server answers: {self.web.log()}", seconds=30)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    @property
    def vendors(self) -> Vendors:
        return Vendors(calcom_url=self.calcom_url, retell_url=self.retell_url, app_url=self.app_url)

    def forget(self) -> None:
        """Empty both vendors."""
        for url in (self.calcom_url, self.retell_url):
            requests.post(f"{url}/_sandbox/reset", timeout=10).raise_for_status()

    def company(self, slug: str = "journey", phone_number: str = "+493012345678") -> Company:
        return set_up_company(self.vendors, slug=slug, name=f"Salon {slug}", phone_number=phone_number)

    def play(self, script: dict[str, Any]) -> dict[str, Any]:
        response = requests.post(f"{self.retell_url}/_sandbox/calls", json=script, timeout=PLAY_SECONDS)
        assert response.ok, response.text
        report: dict[str, Any] = response.json()
        return report

    def bookings(self) -> list[dict[str, Any]]:
        """Everything that Cal.com holds, of all accounts."""
        rows: list[dict[str, Any]] = requests.get(f"{self.calcom_url}/_sandbox/bookings", timeout=10).json()
        return rows

    def book_on_the_web(self, company: Company, start: datetime) -> None:
        """Somebody books the first service at Cal.com itself."""
        event_type_id = company.services.get(name="Herrenhaarschnitt").calcom_event_type_id
        body = {"event_type_id": event_type_id, "start": start.isoformat(), "email": "web@salon.example"}
        requests.post(f"{self.calcom_url}/_sandbox/bookings", json=body, timeout=10).raise_for_status()

    @contextmanager
    def workers_away(self) -> Iterator[None]:
        for worker in self.workers:
            worker.kill()
        yield
        for worker in self.workers:
            worker.start()

    @property
    def processes(self) -> list[Process]:
        return [self.web, *self.workers, self.beat]

    def _is_ready(self) -> bool:
        return requests.get(f"{self.app_url}/api/mcp/health/ready", timeout=5).ok

    def _environment(self) -> dict[str, str | None]:
        return {
            "DEBUG": "on",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url or None,
            "CELERY_BROKER_URL": self.broker_url or None,
            "VAR_DIR": str(self.folder),
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder / "metrics"),
            "APP_URL": self.app_url,
            "CALCOM_API_URL": self.calcom_url,
            "RETELL_API_URL": self.retell_url,
            "ALLOW_PRIVATE_URLS": "on",
            "SWEEP_SECONDS": "1",
        }

    def _web(self) -> Process:
        command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--workers", "2", "--threads", "4", "--no-control-socket"]
        return Process(command, environment=self._environment())

    def _worker(self, number: int) -> Process:
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--hostname", f"worker{number}@test"]
        command += ["--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        return Process(command, environment=self._environment())

    def _beat(self) -> Process:
        command = [sys.executable, "-m", "celery", "-A", "config", "beat", "--schedule", str(self.folder / "beat")]
        return Process(command, environment=self._environment())
