"""The way from an empty company to an agent that works: each step ticks itself by what is really there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from appointments.models import Company
from retell.models import RetellConfiguration


@dataclass(frozen=True, kw_only=True)
class Step:
    """`url` leads to where it is done, "" where the step before comes first."""

    text: str
    is_done: bool
    url: str = ""


def steps_of(company: Company, configurations: Sequence[RetellConfiguration]) -> list[Step]:
    """`company` as `companies_of` gives it."""
    edit = reverse("admin:appointments_company_change", args=[company.pk])
    first = configurations[0] if configurations else None
    return [
        Step(text=_("The company's Retell API key is stored"), is_done=bool(company.api_key_length), url=edit),  # type: ignore[attr-defined]
        Step(text=_("The key that signs webhooks is stored"), is_done=bool(company.webhook_key_length), url=edit),  # type: ignore[attr-defined]
        Step(text=_("An agent is chosen"), is_done=bool(first), url=f"{_overview(company)}&check=1#new"),
        Step(
            text=_("Functions and webhook are deployed"),
            is_done=_all(one.deployed_version is not None for one in configurations),
            url=reverse("admin:retell_deploy", args=[company.pk]) if first else "",
        ),
        Step(
            text=_("A test event has arrived"),
            is_done=_all(has_passed(one) for one in configurations),
            url=reverse("admin:retell_agent", args=[_untested(configurations).pk]) + "#test" if first else "",
        ),
    ]


def has_passed(configuration: RetellConfiguration) -> bool:
    """Whether the last test event arrived."""
    return configuration.last_test_outcome.startswith("ok:")


def _untested(configurations: Sequence[RetellConfiguration]) -> RetellConfiguration:
    return next((one for one in configurations if not has_passed(one)), configurations[0])


def _all(found: Iterable[bool]) -> bool:
    answers = list(found)
    return bool(answers) and all(answers)


def _overview(company: Company) -> str:
    return f"{reverse('admin:retell_webhook_configuration')}?company={company.pk}"
