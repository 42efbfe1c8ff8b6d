"""RetellConfigurationMCPServer."""

from collections.abc import Mapping
from typing import Annotated, Any

from django.db.models import Q
from django.db.models.functions import Length
from pydantic import Field

from appointments.models import Call, Company
from appointments.phones import to_e164
from mcp_gateway.errors import NotFound
from mcp_gateway.registry import Access, Context, Health, MCPServer, register, rpc
from retell.account import ERRORS, retell_of
from retell.client import ErrorKind, KeyInfo
from retell.payload import call_news

CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@register
class RetellConfigurationMCPServer(MCPServer):
    """The company's own account at Retell."""

    name = "retell_config"
    read_permission = "retell.view_retellconfiguration"
    write_permission = "retell.change_retellconfiguration"
    reaches_vendor = True

    def health(self) -> Health:
        """Whether anybody's account could be reached; Retell itself is not asked: each company has its own account."""
        companies = Company.objects.filter(is_active=True).annotate(key_length=Length("retell_api_key"))
        if companies.filter(key_length__gt=0).exists():
            return Health()
        return Health(status="degraded", reason="no company has a Retell API key")

    @rpc("testConnection", Access.READ)
    def test_connection(self, context: Context) -> KeyInfo:
        """Whose account the company's Retell API key belongs to."""
        with retell_of(context) as client:
            return client.key_info()

    @rpc("getCall", Access.READ)
    def get_call(self, context: Context, call_id: CallId) -> dict[str, Any]:
        """A call of the company as Retell describes it now, with its transcript once it is over."""
        known = Call.objects.filter(call_id=call_id).first()
        if known is not None and known.company_id != context.company.pk:
            raise _unknown_call()
        with retell_of(context) as client:
            call = client.call(call_id)
        if known is None and _is_anothers(context.company, call):
            raise _unknown_call()
        return call


def _unknown_call() -> NotFound:
    """The words for a call that Retell doesn't know and for another company's."""
    return NotFound(ERRORS[ErrorKind.NOT_FOUND][1], kind=ErrorKind.NOT_FOUND)


def _is_anothers(company: Company, call: Mapping[str, Any]) -> bool:
    """Whether a call that we have not heard of goes to another company's agent or number: accounts may be shared."""
    news = call_news(call)
    number = to_e164(news.from_number if news.direction == Call.Direction.OUTBOUND else news.to_number)
    owners = Q(retell_configurations__agent_id=news.agent_id)
    if number:
        owners |= Q(phone_number=number)
    found = set(Company.objects.filter(owners).values_list("pk", flat=True))
    return bool(found) and company.pk not in found
