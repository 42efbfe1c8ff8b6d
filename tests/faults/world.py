"""An installation whose processes can be killed anywhere, and start again by themselves."""

import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any, Self

import requests

from appointments.models import Company
from mcp_gateway.kill_points import GROUP
from tests.faults.supervisor import Supervisor
from tests.journeys.world import World
from tests.servers import PROJECT, Process
from tests.waiting import eventually

# How often each fault is played: `make faults` takes its time, `make test` does not.
TIMES = int(os.environ.get("FAULT_TIMES", "2"))
IN_EARNEST = TIMES >= 20
# In earnest whoever comes by stands in a queue with all those whose dead workers' leases have just run out.
KILL_SECONDS = 300 if IN_EARNEST else 60


def victim(number: int) -> str:
    """Every other time a single process is killed, else all that was started with it."""
    return GROUP if number % 2 else ""


@dataclass
class FaultyWorld(World):
    supervised: bool = True

    def __enter__(self) -> Self:
        for name in ("kill", "mails"):
            (self.folder / name).mkdir()
        super().__enter__()
        if self.supervised:
            self._stack.enter_context(Supervisor(self.processes))
        return self

    def forget(self) -> None:
        super().forget()
        for name in ("kill", "mails"):
            for file in (self.folder / name).iterdir():
                file.unlink()

    def arm(self, point: str, who: str) -> None:
        """Whoever comes by the point next is killed."""
        (self.folder / "kill" / point).write_text(who)

    def await_kill(self, point: str) -> None:
        armed = self.folder / "kill" / point
        eventually(lambda: not armed.exists(), what=f"somebody was killed at {point}", seconds=KILL_SECONDS)

    def await_web(self) -> None:
        eventually(self._is_ready, what="the web server answers", seconds=60)

    def run(self, *command: str) -> str:
        """What Python prints that is given this command line, in the processes' environment; it must succeed."""
        environment = {**os.environ, **{name: value for name, value in self._environment().items() if value}}
        done = subprocess.run(
            [sys.executable, *command], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def strike(self, process: Process) -> None:
        """Kill it with all that it has started; unlike `kill` it may be called while it is supervised."""
        os.killpg(process.pid, signal.SIGKILL)

    def mailing_company(self, number: int = 0) -> Company:
        """One that mails its customers, and hears of every follow-up."""
        company = self.company(f"salon-{number}", f"+49301234{number:04}")
        company.mails_customers = Company.Mailer.US
        company.email = "office@salon.example"
        company.save(update_fields=["mails_customers", "email"])
        return company

    def mails(self) -> Counter[str]:
        """How often each mail went out, by Message-ID."""
        separator = b"-" * 79 + b"\n"
        files = [file.read_bytes().split(separator) for file in (self.folder / "mails").iterdir()]
        written = [message_from_bytes(mail) for mails in files for mail in mails if mail.strip()]
        return Counter(mail["Message-ID"] for mail in written)

    def fault(self, **fault: Any) -> None:
        """Cal.com misbehaves: see mcp_gateway.sandbox.Fault."""
        requests.post(f"{self.calcom_url}/_sandbox/faults", json=fault, timeout=10).raise_for_status()

    def calcom_settings(self, **settings: Any) -> None:
        """See calcom.sandbox.state.Settings."""
        requests.post(f"{self.calcom_url}/_sandbox/settings", json=settings, timeout=10).raise_for_status()

    def _environment(self) -> dict[str, str | None]:
        return {
            **super()._environment(),
            "KILL_POINTS_DIR": str(self.folder / "kill"),
            "EMAIL_URL": f"filemail://{self.folder / 'mails'}",
        }
