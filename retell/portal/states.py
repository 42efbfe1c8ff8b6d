"""What the portal says of a company: badges of each part, and one word over all."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mcp_gateway import readiness, worker_queue
from mcp_gateway.badges import Look
from retell.models import IntegrationCheck, RetellConfiguration
from retell.portal.checks import in_words
from retell.portal.onboarding import PASSED, Step, steps
from retell.portal.rows import CompanyRow


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A badge, and since when that is known."""

    look: Look
    text: str
    at: datetime | None = None

    @property
    def look_name(self) -> str:
        return self.look.name.lower()


@dataclass(frozen=True, kw_only=True)
class Part:
    """`where`: its place on the company's page."""

    title: str
    where: str
    facts: list[Fact]


@dataclass(frozen=True)
class CompanyState:
    row: CompanyRow

    @cached_property
    def steps(self) -> list[Step]:
        return steps(self.row)

    @property
    def open_steps(self) -> list[Step]:
        return [step for step in self.steps if not step.is_done]

    @property
    def done(self) -> int:
        return len(self.steps) - len(self.open_steps)

    @cached_property
    def parts(self) -> list[Part]:
        row = self.row
        return [
            Part(title=_("Cal.com"), where="connections", facts=_calcom(row)),
            Part(title=_("Retell.ai"), where="connections", facts=_retell(row)),
            Part(title=_("Webhooks"), where="addresses", facts=_webhooks(row)),
            Part(title=_("Functions"), where="functions", facts=_functions(row)),
            Part(title=_("Breakers"), where="connections", facts=_breakers(row)),
        ]

    @property
    def reasons(self) -> list[str]:
        """What somebody should see to: steps of the set-up that are open, and what does not work."""
        open_steps = [step.title for step in self.open_steps if not step.comes_by_itself]
        bad = [f"{part.title}: {fact.text}" for part in self.parts for fact in part.facts if fact.look is Look.BAD]
        return open_steps + bad

    @cached_property
    def overall(self) -> Fact:
        row = self.row
        if not row.company.is_active:
            return Fact(look=Look.QUIET, text=_("switched off"))
        if not (row.has.retell_key or row.has.calcom_key or row.configurations):
            return Fact(look=Look.QUIET, text=_("not set up"))
        if self.reasons:
            return Fact(look=Look.CARE, text=_("needs attention"))
        return Fact(look=Look.GOOD, text=_("ready"))


def work() -> list[Fact]:
    """Whether worker and clock are at work, as far as that is known without asking, and where vendors send to."""
    status = cache.get(worker_queue.SIGN_OF_LIFE_KEY)
    return [_worker(status), _clock(worker_queue.last_sweep()), _address()]


def _address() -> Fact:
    if readiness.is_app_url_https():
        return Fact(look=Look.GOOD, text=_("Own address: https"))
    return Fact(look=Look.CARE, text=_("Own address (APP_URL): not https"))


def _worker(status: str | None) -> Fact:
    if status is None:
        return Fact(look=Look.QUIET, text=_("Worker: not asked just now"))
    if status == "ok":
        return Fact(look=Look.GOOD, text=_("Worker: answers"))
    is_broker = status == "the broker does not answer"
    return Fact(look=Look.BAD, text=_("Worker: the broker does not answer") if is_broker else _("Worker: no answer"))


def _clock(last: datetime | None) -> Fact:
    beat = readiness.beat(last, timezone.now())
    if beat == "no sign yet":
        return Fact(look=Look.QUIET, text=_("Clock (beat): no sign yet"))
    if beat == "stands still":
        return Fact(look=Look.BAD, text=_("Clock (beat): stands still"), at=last)
    return Fact(look=Look.GOOD, text=_("Clock (beat): runs"), at=last)


def _calcom(row: CompanyRow) -> list[Fact]:
    return [_key(_("API key"), row.has.calcom_key), _check(row.checks.get(IntegrationCheck.What.CALCOM))]


def _retell(row: CompanyRow) -> list[Fact]:
    number = len(row.configurations)
    agents = ngettext("%(number)d agent", "%(number)d agents", number) % {"number": number}
    return [
        _key(_("API key"), row.has.retell_key),
        _key(_("webhook key"), row.has.webhook_key),
        Fact(look=Look.GOOD if number else Look.QUIET, text=agents),
        _check(row.checks.get(IntegrationCheck.What.RETELL)),
    ]


def _webhooks(row: CompanyRow) -> list[Fact]:
    facts = [tested(agent) for agent in row.configurations] or [
        Fact(look=Look.QUIET, text=_("Retell's webhook: no agent yet"))
    ]
    last = row.last_calcom_event
    news = _("Cal.com: last event") if last else _("Cal.com: no event in thirty days")
    return [
        *facts,
        _key(_("Cal.com's secret"), row.has.calcom_secret),
        Fact(look=Look.GOOD if last else Look.QUIET, text=news, at=last),
    ]


def tested(agent: RetellConfiguration) -> Fact:
    """How the last test of an agent's webhook went."""
    if agent.last_test_at is None:
        return Fact(look=Look.QUIET, text=_("Retell's webhook: not tested"))
    passed = agent.last_test_outcome.startswith(PASSED)
    text = _("Retell's webhook: arrives") if passed else _("Retell's webhook: the test failed")
    return Fact(look=Look.GOOD if passed else Look.BAD, text=text, at=agent.last_test_at)


def _functions(row: CompanyRow) -> list[Fact]:
    facts = [deployed(agent) for agent in row.configurations] or [Fact(look=Look.QUIET, text=_("no agent yet"))]
    drift = row.checks.get(IntegrationCheck.What.DRIFT)
    if drift is None:
        return facts
    if drift.ok:
        return [*facts, Fact(look=Look.GOOD, text=_("as deployed"), at=drift.at)]
    return [*facts, Fact(look=Look.CARE, text=in_words(drift.kind), at=drift.at)]


def deployed(agent: RetellConfiguration) -> Fact:
    if agent.deployed_version is None:
        return Fact(look=Look.QUIET, text=_("never deployed"))
    text = _("version %(number)d deployed") % {"number": agent.deployed_version}
    return Fact(look=Look.GOOD, text=text, at=agent.last_synced_at)


def _breakers(row: CompanyRow) -> list[Fact]:
    if not row.open_breakers:
        return [Fact(look=Look.GOOD, text=_("closed"))]
    names = {"open": _("open"), "half-open": _("half open")}
    return [
        Fact(look=Look.BAD, text=f"{breaker.name.split(':')[0]}: {names[breaker.state]}", at=breaker.opened_at)
        for breaker in row.open_breakers
    ]


def _key(what: str, is_stored: bool) -> Fact:
    text = _("%(what)s stored") if is_stored else _("%(what)s missing")
    return Fact(look=Look.GOOD if is_stored else Look.QUIET, text=text % {"what": what})


def _check(check: IntegrationCheck | None) -> Fact:
    if check is None:
        return Fact(look=Look.QUIET, text=_("never tested"))
    return Fact(look=Look.GOOD if check.ok else Look.BAD, text=in_words(check.kind), at=check.at)
