"""The addresses that the vendors are told to call, and whether anything has come in there."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from retell.models import RetellConfiguration
from retell.portal.rows import CompanyRow


@dataclass(frozen=True, kw_only=True)
class Address:
    """`last` is when something last came in there, None where nothing is known; `sign` says what that is seen by."""

    key: str
    label: str
    url: str
    last: datetime | None
    sign: str


def addresses(row: CompanyRow) -> list[Address]:
    """Retell's three of each agent (or the common ones, while there is none), and Cal.com's."""
    event, call = _("last event"), _("last call")
    found = []
    agents: list[RetellConfiguration | None] = [*row.configurations] or [None]
    for configuration in agents:
        arguments, suffix = ((configuration.pk,), "-of") if configuration else ((), "")
        whose = f" ({configuration.agent_id})" if configuration and len(row.configurations) > 1 else ""
        for name, label, last, sign in (
            ("webhook", _("Retell: webhook"), row.last_retell_event, event),
            ("function", _("Retell: functions"), row.last_call, call),
            ("inbound", _("Retell: inbound calls"), row.last_call, call),
        ):
            url = f"{settings.APP_URL}{reverse(f'retell-{name}{suffix}', args=arguments)}"
            key = f"{name}{configuration.pk if configuration else ''}"
            found.append(Address(key=key, label=f"{label}{whose}", url=url, last=last, sign=sign))
    url = f"{settings.APP_URL}{reverse('calcom-webhook', args=(row.company.pk,))}"
    found.append(Address(key="calcom", label=_("Cal.com: webhook"), url=url, last=row.last_calcom_event, sign=event))
    return found
