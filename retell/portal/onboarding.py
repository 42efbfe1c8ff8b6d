"""From an empty company to its first booked call: each step is done when what it asks for is there."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from retell.portal.rows import CompanyRow

PASSED = "ok"


@dataclass(frozen=True, kw_only=True)
class Step:
    """`todo` says what is to be done, `done` that it is. `where`: the part of the company's page in which to do it.

    `comes_by_itself`: with the first real call.
    """

    todo: str
    done: str
    is_done: bool
    where: str
    comes_by_itself: bool = False

    @property
    def title(self) -> str:
        return self.done if self.is_done else self.todo


def steps(row: CompanyRow) -> list[Step]:
    """In the order in which one needs the other."""
    return [*_keys(row), *_calendar(row), *_agent(row), *_first_call(row)]


def open_steps(row: CompanyRow) -> list[Step]:
    """What is still to be done, as the company's page and `manage.py check --deploy` say it."""
    return [step for step in steps(row) if not step.is_done]


def _keys(row: CompanyRow) -> list[Step]:
    has = row.has
    return [
        Step(
            todo=_("Enter the phone number"),
            done=_("Phone number entered"),
            is_done=bool(row.company.phone_number),
            where="company",
        ),
        Step(
            todo=_("Store the Retell API key"),
            done=_("Retell API key stored"),
            is_done=has.retell_key,
            where="keys",
        ),
        Step(
            todo=_("Store the Retell webhook key"),
            done=_("Retell webhook key stored"),
            is_done=has.webhook_key,
            where="keys",
        ),
        Step(
            todo=_("Store the Cal.com API key"),
            done=_("Cal.com API key stored"),
            is_done=has.calcom_key,
            where="keys",
        ),
    ]


def _calendar(row: CompanyRow) -> list[Step]:
    return [
        Step(
            todo=_("Fetch the event types from Cal.com"),
            done=_("Event types fetched from Cal.com"),
            is_done=row.has.event_types,
            where="services",
        ),
        Step(
            todo=_("Link a service to an event type"),
            done=_("A service linked to an event type"),
            is_done=row.has.mapped_service,
            where="services",
        ),
    ]


def _agent(row: CompanyRow) -> list[Step]:
    agents = row.configurations
    return [
        Step(todo=_("Choose a voice agent"), done=_("Voice agent chosen"), is_done=bool(agents), where="agents"),
        Step(
            todo=_("Deploy the functions"),
            done=_("Functions deployed"),
            is_done=any(agent.deployed_version is not None for agent in agents),
            where="functions",
        ),
        Step(
            todo=_("Test the webhook"),
            done=_("Webhook tested"),
            is_done=any(agent.last_test_outcome.startswith(PASSED) for agent in agents),
            where="functions",
        ),
    ]


def _first_call(row: CompanyRow) -> list[Step]:
    return [
        Step(
            todo=_("Receive a first call"),
            done=_("First call received"),
            is_done=bool(row.last_call),
            where="call",
            comes_by_itself=True,
        ),
        Step(
            todo=_("Book a first appointment"),
            done=_("First appointment booked"),
            is_done=bool(row.last_booking),
            where="call",
            comes_by_itself=True,
        ),
    ]
