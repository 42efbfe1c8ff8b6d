"""What the pages of agents share: whose agent it is, and the way through the gateway."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from appointments.models import Company
from mcp_gateway import correlation, gateway
from mcp_gateway.companies import visible_company_ids
from mcp_gateway.errors import GatewayError
from mcp_gateway.principal import Principal
from retell.models import RetellConfiguration

VIEW, CHANGE = "retell.view_retellconfiguration", "retell.change_retellconfiguration"


def companies_of(request: HttpRequest) -> QuerySet[Company]:
    """Those whose agents the member of staff may see, with the lengths of their keys: nothing secret is opened."""
    visible = visible_company_ids(request.user)
    active = Company.objects.filter(is_active=True).order_by("name", "pk")
    companies = active if visible is None else active.filter(pk__in=visible)
    return companies.annotate(api_key_length=Length("retell_api_key"), webhook_key_length=Length("retell_webhook_key"))


def company_of(request: HttpRequest, company_id: int) -> Company:
    """Raises Http404 for one that is not there and for one that is not theirs."""
    return get_object_or_404(companies_of(request), pk=company_id)


def configuration_of(request: HttpRequest, pk: int) -> RetellConfiguration:
    """Raises Http404 as `company_of` does."""
    configuration = get_object_or_404(RetellConfiguration, pk=pk)
    configuration.company = company_of(request, configuration.company_id)
    return configuration


def ask(request: HttpRequest, company: Company, method: str, **params: Any) -> Any:
    """Call a method of the configuration server as this member of staff; raises GatewayError."""
    params = {"company_id": company.pk, **params}
    return gateway.call(f"retell_config.{method}", params, principal=Principal.of_staff(request.user))


def told(error: GatewayError) -> str:
    """What happened, and what to do now."""
    sentences = [_(error.message)]
    sentences += [one["problem"] for one in error.data.get("errors", ())]
    if vendor_message := error.data.get("vendor_message"):
        sentences.append(_("Retell says: %(message)s") % {"message": vendor_message})
    if error.retryable:
        seconds = error.data.get("retry_after")
        sentences.append(_("Try again in %(seconds)d s") % {"seconds": seconds} if seconds else _("Try again"))
    return f"{'. '.join(sentences)}. {correlation.told()}"


def may_write(request: HttpRequest) -> bool:
    """Whether this member of staff may change agents; raises PermissionDenied where they try to and may not."""
    is_allowed = request.user.has_perm(CHANGE)
    if request.method == "POST" and not is_allowed:
        raise PermissionDenied
    return is_allowed


def blame(form: forms.Form, error: GatewayError) -> None:
    """Put what the gateway did not take to the form's fields, which are called as the method's parameters."""
    problems = error.data.get("errors") or ()
    for one in problems:
        form.add_error(one["parameter"] if one["parameter"] in form.fields else None, one["problem"])
    if not problems:
        form.add_error(None, told(error))
