"""What staff can do on a company's page: each by POST, answered by a redirect with a message."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from appointments.models import Company
from calcom.long_actions import start_comparison
from calcom.models import CalcomEventType
from mcp_gateway import confirming, gateway, issued_tokens, staff_pages, worker_queue
from mcp_gateway.errors import GatewayError
from mcp_gateway.fields import WrongEncryptionKey
from mcp_gateway.models import ApiToken
from mcp_gateway.principal import Principal
from mcp_gateway.tokens import end_of_rotated
from retell.long_actions import start_deployment
from retell.models import RetellConfiguration
from retell.portal import agents, pages, permissions, trial_call
from retell.portal.checks import error_in_words
from retell.portal.keys import KeysForm, save_keys, signs_with_api_key
from retell.portal.services import MappingForm, differing, save_mapping
from retell.portal.token_form import TokenForm
from retell.webhook_trial import in_words, try_webhook

Action = Callable[[HttpRequest, Company, Principal], HttpResponse]


@require_POST
def act(request: HttpRequest, company_id: int, name: str) -> HttpResponse:
    """403 where the member of staff may not, 404 where there is no such action or company."""
    if name not in ACTIONS:
        raise Http404
    principal = Principal.of_staff(request.user)
    company = pages.company_of(principal, company_id)
    if not permissions.of(principal)[name]:
        raise PermissionDenied
    try:
        return ACTIONS[name](request, company, principal)
    except WrongEncryptionKey:
        messages.error(request, _("The stored keys can't be opened: an encryption key is missing in the settings."))
        return _back(company, "keys")


@require_POST
def ask_workers(request: HttpRequest) -> HttpResponse:
    """Look whether a worker answers; the page says what came of it."""
    worker_queue.sign_of_life()
    return redirect("admin:portal")


def _keys(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    form = KeysForm(request.POST, instance=company)
    if not form.is_valid():
        return pages.company_page(request, company.pk, keys_form=form)
    changed = save_keys(form, by)
    if not changed:
        messages.info(request, _("Nothing was changed: the stored keys stay."))
    else:
        messages.success(request, _("Stored. Test the connection now."))
    if "retell_webhook_key" in changed and signs_with_api_key(form.instance):
        messages.warning(
            request,
            _("Retell's API key and webhook key are the same: right only where that key has the webhook badge."),
        )
    return _back(company, "keys")


def _test_calcom(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    return _test(request, company, by, "Cal.com", permissions.BY_METHOD["test_calcom"])


def _test_retell(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    return _test(request, company, by, "Retell.ai", permissions.BY_METHOD["test_retell"])


def _drift(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    found = _called(request, permissions.BY_METHOD["drift"], company, by)
    if found:
        for agent in found["agents"]:
            names = {"agent": agent["agent_id"], "words": " ".join(agent["words"]) or _("as deployed")}
            said = _("Agent %(agent)s: %(words)s") % names
            messages.success(request, said) if agent["in_sync"] else messages.warning(request, said)
    return _back(company, "functions")


def _test(request: HttpRequest, company: Company, by: Principal, vendor: str, method: str) -> HttpResponse:
    if _called(request, method, company, by, vendor) is not None:
        messages.success(request, _("%(vendor)s: the connection works.") % {"vendor": vendor})
    return _back(company, "connections")


def _sync(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    found = _called(request, permissions.BY_METHOD["sync"], company, by, "Cal.com")
    if found is not None:
        count = found["added"] + found["updated"]
        told = ngettext("%(count)d event type fetched.", "%(count)d event types fetched.", count) % {"count": count}
        messages.success(request, told)
        for name in found["unknown_to_calcom"]:
            messages.warning(request, _("Cal.com has no event type for %(service)s any more.") % {"service": name})
    return _back(company, "services")


def _compare(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    """Of all bookings; a worker does it, its page tells what it found."""
    action = start_comparison(company, user=request.user, key=confirming.once(request))
    return redirect("admin:mcp_gateway_longaction_change", action.pk)


def _services(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    event_types = list(CalcomEventType.objects.filter(company=company).order_by("title"))
    offered = list(company.services.filter(is_active=True).order_by("name"))
    form = MappingForm(request.POST, event_types=event_types, services=offered, row=company)
    if not form.is_valid():
        return pages.company_page(request, company.pk, mapping_form=form)
    changed = save_mapping(form, company, by)
    count = len(changed)
    told = ngettext("%(count)d service changed.", "%(count)d services changed.", count) % {"count": count}
    messages.success(request, told)
    for warning in differing(event_types, changed):
        messages.warning(request, warning)
    return _back(company, "services")


def _agent(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    form = agents.AgentForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return _back(company, "agents")
    agent_id = form.cleaned_data["agent_id"]
    try:
        is_new = agents.choose_agent(company, agent_id, by)
    except agents.NotToBeHad:
        messages.error(request, _("The agent %(agent)s can't be chosen: it is set up elsewhere.") % {"agent": agent_id})
        return _back(company, "agents")
    told = _("The agent %(agent)s is set up.") if is_new else _("The agent %(agent)s was set up already.")
    messages.success(request, told % {"agent": agent_id})
    return _back(company, "agents")


def _deploy(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    """To all of the company's agents; a worker does it, its page tells how far it is."""
    try:
        action = start_deployment(company, [], user=request.user, key=confirming.once(request))
    except GatewayError as error:
        messages.error(request, error_in_words(error))
        return _back(company, "functions")
    return redirect("admin:mcp_gateway_longaction_change", action.pk)


def _test_webhook(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    trial = try_webhook(_row(RetellConfiguration, request, company))
    names = {"agent": trial.agent_id, "outcome": in_words(trial.outcome)}
    if trial.passed:
        messages.success(request, _("The webhook of %(agent)s arrives: %(outcome)s") % names)
    else:
        messages.error(request, _("The webhook of %(agent)s does not arrive: %(outcome)s") % names)
    return _back(company, "functions")


def _token(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    form = TokenForm(request.POST, prefix="token")
    if not form.is_valid():
        return pages.company_page(request, company.pk, token_form=form)
    return _shown_once(request, company, issued_tokens.make(by, company=company, **form.cleaned_data))


def _token_rotate(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    token = _row(ApiToken, request, company)
    if not ApiToken.objects.filter(ApiToken.usable(), pk=token.pk).exists():
        messages.error(request, _("This token has ended: make a new one."))
        return _back(company, "tokens")
    if token.successor_id is None and not confirming.is_confirmed(request):
        context = {"title": _("Rotate a token"), "company": company, "token": token}
        context["old_ends_at"] = end_of_rotated(token)
        return staff_pages.render(request, "staff/portal_rotate.html", context)
    made = issued_tokens.rotate(by, token)
    if made is None:
        told = _("The token %(token)s was rotated already; the new one was shown then, and only then.")
        messages.info(request, told % {"token": token.name})
        return _back(company, "tokens")
    return _shown_once(request, company, made)


def _token_revoke(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    token = _row(ApiToken, request, company)
    if not confirming.is_confirmed(request):
        context = {"title": _("Revoke a token"), "company": company, "token": token}
        return staff_pages.render(request, "staff/portal_revoke.html", context)
    names = {"token": token.name}
    if issued_tokens.revoke(by, token):
        messages.success(request, _("The token %(token)s is revoked.") % names)
    else:
        messages.info(request, _("The token %(token)s was revoked already.") % names)
    return _back(company, "tokens")


def _call(request: HttpRequest, company: Company, by: Principal) -> HttpResponse:
    try:
        call_id = trial_call.play_trial_call(company)
    except trial_call.CallNotPlayed as reason:
        messages.error(request, str(reason))
        return _back(company, "call")
    messages.success(request, _("The call was played. Its booking comes within seconds."))
    return _back(company, "call", call=call_id)


def _called(request: HttpRequest, method: str, company: Company, by: Principal, vendor: str = "") -> Any:
    """The method's answer; None after an error, which the member of staff is told."""
    try:
        return gateway.call(method, {"company_id": company.pk}, principal=by)
    except GatewayError as error:
        words = error_in_words(error)
        messages.error(request, f"{vendor}: {words}" if vendor else words)
        return None


def _row(model: Any, request: HttpRequest, company: Company) -> Any:
    """The company's own row that the form names."""
    number = request.POST.get("id", "")
    found = model.objects.filter(pk=number, company=company).first() if number.isdecimal() else None
    if found is None:
        raise Http404
    return found


def _shown_once(request: HttpRequest, company: Company, made: tuple[ApiToken, str]) -> HttpResponse:
    """The page itself has the text: it is stored nowhere on its way to it."""
    token, text = made
    context = {"title": _("Access token"), "company": company, "token": token, "text": text}
    response = staff_pages.render(request, "staff/portal_token.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _back(company: Company, part: str, **query: str) -> HttpResponseRedirect:
    url = reverse("admin:portal_company", args=(company.pk,))
    return redirect(f"{url}?{urlencode(query)}#{part}" if query else f"{url}#{part}")


ACTIONS: Mapping[str, Action] = {
    "keys": _keys,
    "test_calcom": _test_calcom,
    "test_retell": _test_retell,
    "drift": _drift,
    "sync": _sync,
    "compare": _compare,
    "services": _services,
    "agent": _agent,
    "deploy": _deploy,
    "test_webhook": _test_webhook,
    "token": _token,
    "token_rotate": _token_rotate,
    "token_revoke": _token_revoke,
    "call": _call,
}
