"""One run from the plan to the table."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from appointments.booking import STALE_READS
from appointments.models import Company
from mcp_gateway import gateway
from mcp_gateway.errors import GatewayError
from mcp_gateway.principal import Principal
from retell.truth import report
from retell.truth.companies import begin_afresh, set_up
from retell.truth.control import Control
from retell.truth.draining import last_touched, waiting
from retell.truth.drawing import draw_plan
from retell.truth.evidence import collect
from retell.truth.grading import grade, needless_tasks
from retell.truth.plan import Plan, first_day
from retell.truth.playing import Stage
from retell.truth.scripts import Scripts
from retell.truth.trouble import Trouble
from retell.truth.world import World

LOOK_SECONDS = 2.0
# A calendar may be seen as it was: what was changed a moment ago is not compared yet.
COMPARED_AFTER = STALE_READS + timedelta(seconds=5)
TRIES = 3


@dataclass
class Run:
    """Call it with the folder that the processes write to; returns the number of failures."""

    calls: int
    seed: int
    minutes: float
    with_faults: bool
    write: Callable[[str], object]

    def __call__(self, folder: Path) -> int:
        self.began = time.monotonic()
        plan = draw_plan(self.seed, self.calls, servers=bool(settings.REDIS_URL), with_faults=self.with_faults)
        self._step(f"seed {self.seed}: {len(plan.calls)} calls in {len(plan.stories)} stories")
        begin_afresh()
        with World(folder) as world:
            self._step("sandboxes, web server, workers and clock are up")
            control = Control(world.vendors)
            companies = set_up(world.vendors, plan.firms)
            self._step(f"{len(companies)} companies are set up")
            trouble = Trouble(world, control)
            stage = self._play(plan, Scripts(uuid4().hex[:8], first_day(datetime.now(UTC).date()), companies), trouble)
            self._drain(companies)
            return self._grade(plan, stage, trouble)

    def _play(self, plan: Plan, scripts: Scripts, trouble: Trouble) -> Stage:
        progress = Progress(len(plan.calls))
        stage = Stage(scripts, trouble.control, trouble, told=progress.step)
        stage.play(plan)
        trouble.end()
        self._step("all calls are played, nothing goes wrong any more")
        return stage

    def _drain(self, companies: Mapping[int, Company]) -> None:
        """Rest, one comparison with Cal.com as the clock would make it, and rest again."""
        keys = [company.pk for company in companies.values()]
        deadline = time.monotonic() + self.minutes * 60
        self._rest(keys, deadline)
        for company in companies.values():
            self._compare(company)
        self._rest(keys, deadline)

    def _rest(self, companies: list[int], deadline: float) -> None:
        while left := waiting(companies):
            if time.monotonic() > deadline:
                self._step(f"time is up, and there wait {_named(left)}")
                return
            _show(f"there wait {_named(left)}")
            time.sleep(LOOK_SECONDS)
        while last_touched(companies) < COMPARED_AFTER:
            time.sleep(LOOK_SECONDS)
        self._step("everything is at rest")

    def _compare(self, company: Company) -> None:
        for _ in range(TRIES):
            try:
                gateway.call("calcom.syncBookings", principal=Principal.of_task("truth", company.pk))
            except GatewayError:
                time.sleep(LOOK_SECONDS)
            else:
                return
        self._step(f"{company.name} could not be compared with Cal.com")

    def _grade(self, plan: Plan, stage: Stage, trouble: Trouble) -> int:
        seen = collect(stage, trouble.control, trouble.world.mails)
        (zone,) = {company.zone for company in stage.scripts.companies.values()}
        failures = grade(plan, seen, zone)
        needless = needless_tasks(plan, seen, zone)
        for line in report.offences(failures, plan, seen):
            self.write(line)
        for error in stage.errors:
            self.write(f"NOT PLAYED: {error}")
        self.write("")
        self.write(report.answers_told(seen))
        for line in report.faults_by_kind(trouble):
            self.write(line)
        self.write(f"\nSeed {self.seed}\n")
        for line in (*report.counts(plan, seen, needless, trouble), "", *report.table(failures)):
            self.write(line)
        return len(failures) + len(stage.errors)

    def _step(self, what: str) -> None:
        _show("")
        self.write(f"{time.monotonic() - self.began:7.1f} s  {what}")


class Progress:
    """A bar on stderr."""

    WIDTH = 40

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def step(self) -> None:
        self.done += 1
        filled = self.WIDTH * self.done // self.total
        _show(f"[{'#' * filled}{'.' * (self.WIDTH - filled)}] {self.done}/{self.total} calls")


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _show(text: str) -> None:
    """Overwrite the line on stderr; elsewhere than on a screen that would only be noise."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
