"""The door for what Retell sends: which company it is for, and whether it really comes from Retell.

Nothing in a body is trusted before its signature holds; until then agent and number only pick the key to check
with. A refused request is stored nowhere and said loudly in the log.

Events come many at a time and need only a key to check and a company to be stored for: for TOKEN_CACHE_SECONDS a
process remembers which key signed last under a configuration's URL. So a new key is good at once, and an old one for
so long.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from appointments.models import Call, Company
from appointments.phones import to_e164
from mcp_gateway.door import Refused, json_object, posted_body
from retell.models import RetellConfiguration
from retell.signature import HEADER, InvalidSignature, verify

logger = logging.getLogger(__name__)

# Under which names a body tells of its call or chat.
SUBJECTS = ("call", "call_inbound", "chat", "chat_inbound")

# By configuration: until when (time.monotonic) its company counts as it was when its key last signed.
_signers: dict[int, tuple[float, Company]] = {}


@dataclass(frozen=True)
class SignedRequest:
    """A body whose signature holds, and the company whose key it was made with.

    `is_paused`: staff have paused the agent that it speaks of; looked up by `take` alone.
    """

    company: Company
    body: Mapping[str, Any]
    raw: bytes
    is_paused: bool = False


def take(request: HttpRequest, configuration_id: int | None) -> SignedRequest:
    """Verify a request of Retell's; raises Refused (400, 401, 404, 405, 413)."""
    raw, header = posted_body(request, HEADER)
    if configuration_id is not None:
        configuration = _configuration(configuration_id)
        company = configuration.company
        _check(raw, header, company)
        body = json_object(raw)
        return SignedRequest(company, body, raw, _is_paused(body, company, configuration))
    body = json_object(raw)
    company, named = _by_body(body)
    _check(raw, header, company)
    return SignedRequest(company, body, raw, _is_paused(body, company, named))


def take_event(request: HttpRequest, configuration_id: int | None) -> SignedRequest:
    """`take` for what needs no more of the company than its number: its row may be as old as TOKEN_CACHE_SECONDS."""
    if configuration_id is None:
        return take(request, None)
    raw, header = posted_body(request, HEADER)
    until, company = _signers.get(configuration_id, (0.0, None))
    if company is None or until < time.monotonic() or not _fits(raw, header, company):
        company = _configuration(configuration_id).company
        _check(raw, header, company)
        _signers[configuration_id] = (time.monotonic() + settings.TOKEN_CACHE_SECONDS, company)
    return SignedRequest(company, json_object(raw), raw)


def forget_remembered() -> None:
    """Ask the database for every company again."""
    _signers.clear()


def _fits(raw: bytes, header: str, company: Company) -> bool:
    try:
        verify(raw, header, _key(company))
    except InvalidSignature:
        return False
    return True


def _key(company: Company) -> str:
    return company.retell_webhook_key or company.retell_api_key


def _check(raw: bytes, header: str, company: Company) -> None:
    try:
        verify(raw, header, _key(company))
    except InvalidSignature as reason:
        logger.warning("Refused a request to Retell's door for company %s: %s", company.pk, reason)
        raise Refused(401, "The signature does not fit.") from None


def _configuration(configuration_id: int) -> RetellConfiguration:
    row = RetellConfiguration.objects.select_related("company").filter(pk=configuration_id, company__is_active=True)
    configuration = row.first()
    if configuration is None:
        raise Refused(404, "There is no such Retell configuration.")
    return configuration


def _by_body(body: Mapping[str, Any]) -> tuple[Company, RetellConfiguration | None]:
    """The one active company with this agent, else the one with this number; never a default."""
    call = _subject(body)
    if agent_id := _word(call, "agent_id"):
        rows = RetellConfiguration.objects.select_related("company").order_by("pk")
        named = list(rows.filter(agent_id=agent_id, company__is_active=True)[:2])
        if len(named) == 1:
            return named[0].company, named[0]
        if named:
            raise _unclear()
    number = to_e164(_own_number(call))
    company = Company.objects.filter(is_active=True, phone_number=number).first() if number else None
    if company is None:
        raise _unclear()
    return company, None


def _unclear() -> Refused:
    told = "No company here has this agent or number, or several have: use the configuration's URL."
    return Refused(404, told)


def _is_paused(body: Mapping[str, Any], company: Company, configuration: RetellConfiguration | None) -> bool:
    """Of the agent that the body names: a number's address is that of one agent, its calls may be another's."""
    if configuration is None:
        return False
    agent_id = _word(_subject(body), "agent_id")
    if agent_id in ("", configuration.agent_id):
        return configuration.paused_at is not None
    return RetellConfiguration.objects.filter(company=company, agent_id=agent_id, paused_at__isnull=False).exists()


def _subject(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The call or chat that the body tells of."""
    return next((value for name in SUBJECTS if isinstance(value := body.get(name), Mapping)), body)


def _own_number(call: Mapping[str, Any]) -> str:
    """The company's own number: the one that was called, or that called out."""
    outbound = call.get("direction") == Call.Direction.OUTBOUND
    return _word(call, "from_number" if outbound else "to_number")


def _word(call: Mapping[str, Any], name: str) -> str:
    value = call.get(name)
    return value if isinstance(value, str) else ""
