"""One agent: where its webhook goes and which events it gets, whether they arrive, and the way to all the rest."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from mcp_gateway.errors import GatewayError
from mcp_gateway.lost_edits import NoLostEditsForm
from mcp_gateway.staff_pages import render
from retell.addresses import own_webhook_url, webhook_url
from retell.agent_pages.common import ask, blame, configuration_of, may_write, told
from retell.agent_pages.overview import Card
from retell.agent_pages.steps import steps_of
from retell.custom_functions import functions_of
from retell.deploying.changes import AGENT_DEFAULTS
from retell.deploying.last_seen import last_seen
from retell.models import RetellConfiguration
from retell.webhook_urls import DEFAULT_EVENTS, EVENTS, MAX_LENGTH

# Under this name the session holds the last test's result until it is shown.
TRIAL = "retell_webhook_trial"


class WebhookForm(NoLostEditsForm):
    webhook_url = forms.CharField(
        label=gettext_lazy("Webhook address"),
        max_length=MAX_LENGTH,
        required=False,
        widget=forms.URLInput,
        help_text=gettext_lazy("Empty: this system's own."),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        choices=[(event, event) for event in EVENTS],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("What Retell tells this system of each call; without call_ended nothing is booked."),
    )
    timeout_ms = forms.IntegerField(
        label=gettext_lazy("Timeout in ms"),
        min_value=1_000,
        max_value=60_000,
        help_text=gettext_lazy("How long Retell waits for an answer, from 1000 to 60000."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    configuration = configuration_of(request, pk)
    may_change = may_write(request)
    written = request.POST if request.method == "POST" else None
    form = WebhookForm(written, initial=_initial(configuration), row=configuration)
    if form.is_bound and _is_saved(request, configuration, form):
        messages.success(request, _("Saved here. Deploying brings it to the agent."))
        return redirect("admin:retell_agent", pk)
    card = Card(configuration, last_seen([configuration]).get(pk))
    context = {
        "title": card.name,
        "card": card,
        "configuration": configuration,
        "company": configuration.company,
        "form": form,
        "may_change": may_change,
        "webhook_url": webhook_url(configuration),
        "own_url": own_webhook_url(configuration),
        "functions": functions_of(configuration),
        "steps": steps_of(configuration.company, [configuration]),
        "trial": _trial_to_show(request, configuration),
    }
    return render(request, "staff/agents_agent.html", context)


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    configuration = configuration_of(request, pk)
    try:
        trial = ask(request, configuration.company, "testWebhook", agent_id=configuration.agent_id)
    except GatewayError as error:
        messages.error(request, told(error))
    else:
        request.session[TRIAL] = {"pk": pk, **trial}
    return redirect("admin:retell_agent", pk)


def _initial(configuration: RetellConfiguration) -> dict[str, Any]:
    kept = (configuration.settings or {}).get("webhook_timeout_ms")
    return {
        "webhook_url": configuration.webhook_url or "",
        "events": configuration.webhook_events or list(DEFAULT_EVENTS),
        "timeout_ms": kept or AGENT_DEFAULTS["webhook_timeout_ms"],
    }


def _is_saved(request: HttpRequest, configuration: RetellConfiguration, form: WebhookForm) -> bool:
    if not form.is_valid():
        return False
    changed = {name: form.cleaned_data[name] for name in form.changed_data}
    if not changed:
        return True
    try:
        ask(request, configuration.company, "updateWebhook", agent_ids=[configuration.agent_id], **changed)
    except GatewayError as error:
        blame(form, error)
        return False
    return True


def _trial_to_show(request: HttpRequest, configuration: RetellConfiguration) -> dict[str, Any] | None:
    """The result of the test that this page was just asked for; shown once."""
    trial = request.session.get(TRIAL)
    if not trial or trial["pk"] != configuration.pk:
        return None
    del request.session[TRIAL]
    return {**trial, "problem": _(trial["problem"]) if trial["problem"] else ""}
