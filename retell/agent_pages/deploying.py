"""Deploying: first what would change; once that is confirmed a worker does it, agent after agent."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from appointments.models import Company
from mcp_gateway import confirming
from mcp_gateway.errors import GatewayError
from mcp_gateway.staff_pages import render
from retell.agent_pages.common import ask, company_of, told
from retell.agent_pages.rows import shown
from retell.deploying.report import Status
from retell.long_actions import start_deployment


class OrderForm(forms.Form):
    accept_foreign_changes = forms.BooleanField(
        label=gettext_lazy("Publish what others changed in the open draft, too"), required=False
    )
    move_numbers = forms.BooleanField(
        label=gettext_lazy("Point phone numbers that stay with an old version at the new one"), required=False
    )
    set_inbound_webhook = forms.BooleanField(
        label=gettext_lazy("Have these phone numbers ask this system before the agent answers"), required=False
    )


@require_http_methods(["GET", "HEAD", "POST"])
def deploy(request: HttpRequest, company_id: int) -> HttpResponse:
    """The named agents, or all of the company; looking writes nothing."""
    company = company_of(request, company_id)
    if request.method == "POST":
        return _started(request, company)
    agent_ids = request.GET.getlist("agent")
    context: dict[str, Any] = {
        "title": _("Deploy: %(company)s") % {"company": company.name},
        "company": company,
        "once": uuid4(),
    }
    try:
        # What others changed is only to be looked at yet.
        rows = ask(
            request,
            company,
            "deployCustomFunctions",
            agent_ids=agent_ids or None,
            dry_run=True,
            accept_foreign_changes=True,
        )["deployed"]
    except GatewayError as error:
        return render(request, "staff/agents_deploy.html", {**context, "problem": told(error)})
    return render(request, "staff/agents_deploy.html", {**context, "rows": shown(company, rows), "form": _form(rows)})


def _form(rows: list[dict[str, Any]]) -> OrderForm:
    """With the boxes that have something to decide."""
    lines = [line for row in rows for line in row["numbers"]]
    # What is deployed gets a new version: a number that is pinned to today's would stay behind.
    pinned = any(isinstance(line["agent_version"], int) for line in lines) and any(
        row["status"] != Status.UP_TO_DATE for row in rows
    )
    needed = {
        "accept_foreign_changes": any(row["foreign_changes"] for row in rows),
        "move_numbers": pinned or any(line["is_behind"] for line in lines),
        "set_inbound_webhook": any(line["asks_us"] is False for line in lines),
    }
    form = OrderForm()
    for name, is_needed in needed.items():
        if not is_needed:
            del form.fields[name]
    return form


def _started(request: HttpRequest, company: Company) -> HttpResponse:
    agent_ids = request.POST.getlist("agent")
    form = OrderForm(request.POST)
    form.is_valid()
    try:
        action = start_deployment(
            company, agent_ids, user=request.user, key=confirming.once(request), order=form.cleaned_data
        )
    except GatewayError as error:
        messages.error(request, told(error))
        named = urlencode({"agent": agent_ids}, doseq=True)
        return redirect(f"{reverse('admin:retell_deploy', args=[company.pk])}?{named}")
    return redirect("admin:mcp_gateway_longaction_change", action.pk)
