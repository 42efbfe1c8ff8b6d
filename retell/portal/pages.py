"""What the portal shows: all companies, and one of them."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from appointments.models import Appointment, Call, Company
from calcom.models import CalcomEventType
from mcp_gateway import staff_pages
from mcp_gateway.errors import GatewayError
from mcp_gateway.fields import WrongEncryptionKey
from mcp_gateway.models import ApiToken
from mcp_gateway.principal import Principal
from retell import webhook_trial
from retell.models import IntegrationCheck, RetellConfiguration
from retell.portal import agents, permissions, rows, services, trial_call
from retell.portal.addresses import addresses
from retell.portal.checks import METHODS, error_in_words, in_words
from retell.portal.keys import KeysForm, signs_with_api_key
from retell.portal.states import CompanyState, deployed, tested, work
from retell.portal.token_form import TokenForm

PER_PAGE = 24
WEBHOOK_PAGE = "retell-webhook-configuration/"


def overview(request: HttpRequest) -> TemplateResponse:
    visible = Principal.of_staff(request.user).companies
    search = request.GET.get("q", "").strip()[:100]
    found = rows.companies(visible, search)
    page = Paginator(rows.told(found), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Integration portal"),
        "states": [CompanyState(row) for row in rows.company_rows(list(page))],
        "page": page,
        "search": search,
        "work": work(),
        "may_add": request.user.has_perm("appointments.add_company"),
    }
    return staff_pages.render(request, "staff/portal.html", context)


def company_of(principal: Principal, company_id: int) -> Company:
    """Raises Http404 for one that isn't there and for one that is not the member of staff's alike."""
    company = rows.companies(principal.companies).filter(pk=company_id).first()
    if company is None:
        raise Http404
    return company


def company_page(request: HttpRequest, company_id: int, **forms: Any) -> TemplateResponse:
    """`forms` are those that were filled in wrongly, by their names in the template."""
    principal = Principal.of_staff(request.user)
    found = rows.told(rows.companies(principal.companies).filter(pk=company_id)).first()
    if found is None:
        raise Http404
    (row,) = rows.company_rows([found])
    may = permissions.of(principal)
    context = {
        "title": found.name,
        "company": found,
        "row": row,
        "state": CompanyState(row),
        "may": may,
        "connections": [
            _connection(row, what) for what in (IntegrationCheck.What.CALCOM, IntegrationCheck.What.RETELL)
        ],
        "addresses": addresses(row),
        "agents": [_agent(configuration) for configuration in row.configurations],
        "webhook_page": _webhook_page(),
        "once": uuid4(),
        "compared_once": uuid4(),
        **_keys(found, forms, may),
        **_services(found, forms),
        **_agents_of_account(request, found, principal),
        **_tokens(request, found, forms),
        **_call(request, found),
    }
    return staff_pages.render(request, "staff/portal_company.html", context)


def _connection(row: rows.CompanyRow, what: IntegrationCheck.What) -> dict[str, Any]:
    check = row.checks.get(what)
    return {
        "what": what.value,
        "label": what.label,
        "action": f"test_{what.value}",
        "method": METHODS[what],
        "check": check,
        "words": in_words(check.kind) if check else "",
    }


def _keys(company: Company, forms: dict[str, Any], may: dict[str, bool]) -> dict[str, Any]:
    """The form, where the member of staff may fill it in and the stored keys can be opened."""
    if not may["keys"]:
        return {}
    try:
        company.refresh_from_db(fields=[*KeysForm.Meta.fields])
        form = forms.get("keys_form") or KeysForm(instance=company)
        return {"keys_form": form, "signs_with_api_key": signs_with_api_key(company)}
    except WrongEncryptionKey:
        return {"keys_problem": _("The stored keys can't be opened: an encryption key is missing in the settings.")}


def _services(company: Company, forms: dict[str, Any]) -> dict[str, Any]:
    event_types = list(CalcomEventType.objects.filter(company=company).order_by("title"))
    offered = list(company.services.filter(is_active=True).order_by("name"))
    form = forms.get("mapping_form") or services.MappingForm(event_types=event_types, services=offered, row=company)
    known = {event_type.event_type_id for event_type in event_types}
    return {
        "mapping_form": form,
        "event_types": event_types,
        "differing": services.differing(event_types, offered),
        "unlinked": [service for service in offered if service.calcom_event_type_id not in known],
    }


def _agent(configuration: RetellConfiguration) -> dict[str, Any]:
    return {
        "configuration": configuration,
        "deployed": deployed(configuration),
        "tested": tested(configuration),
        "test_outcome": webhook_trial.in_words(configuration.last_test_outcome),
    }


def _agents_of_account(request: HttpRequest, company: Company, principal: Principal) -> dict[str, Any]:
    """Retell is asked only when somebody wants to see them."""
    context: dict[str, Any] = {"agents_can_be_listed": agents.can_be_listed(), "agent_form": agents.AgentForm()}
    if "agents" in request.GET and agents.can_be_listed():
        try:
            context["account_agents"] = agents.account_agents(company, principal)
        except GatewayError as error:
            context["agents_problem"] = error_in_words(error)
    return context


def _tokens(request: HttpRequest, company: Company, forms: dict[str, Any]) -> dict[str, Any]:
    if not request.user.has_perm("mcp_gateway.view_apitoken"):
        return {}
    tokens = ApiToken.objects.filter(ApiToken.usable(), company=company).order_by("name", "pk")
    return {"tokens": list(tokens), "token_form": forms.get("token_form") or TokenForm(prefix="token")}


def _call(request: HttpRequest, company: Company) -> dict[str, Any]:
    """The trial call that was just played, and what has come of it by now."""
    context: dict[str, Any] = {"can_play": trial_call.is_possible(), "app_url": settings.APP_URL}
    if call_id := request.GET.get("call", ""):
        call = Call.objects.filter(company=company, call_id=call_id).first()
        booked = Appointment.objects.filter(call=call).select_related("service").first() if call else None
        context |= {"trial": call, "trial_appointment": booked}
    return context


def _webhook_page() -> str:
    """The page on which webhook and functions are edited, where there is one."""
    names = [page.name for page in staff_pages.pages() if page.path == WEBHOOK_PAGE]
    return reverse(f"admin:{names[0]}") if names else ""
