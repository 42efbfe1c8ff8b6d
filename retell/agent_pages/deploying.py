"""Deploying: first what would change, then the deployment with its result for each agent, as often as it takes."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from appointments.models import Company
from mcp_gateway.errors import GatewayError
from mcp_gateway.staff_pages import render
from retell.agent_pages.common import ask, company_of, told
from retell.deploying.report import Status
from retell.models import RetellConfiguration

# Under this name the session holds what became of the last deployment.
RESULT = "retell_deployment"
# How each outcome looks, and how it is called.
LOOKS = {
    Status.DEPLOYED: ("good", gettext_lazy("deployed")),
    Status.UP_TO_DATE: ("good", gettext_lazy("up to date")),
    Status.WOULD_DEPLOY: ("waits", gettext_lazy("would be deployed")),
    Status.REFUSED: ("care", gettext_lazy("not deployed")),
    Status.FAILED: ("bad", gettext_lazy("failed")),
}


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
        return _deployed(request, company)
    agent_ids = request.GET.getlist("agent")
    context: dict[str, Any] = {
        "title": _("Deploy: %(company)s") % {"company": company.name},
        "company": company,
        "agent_ids": agent_ids,
        "labels": {str(status): label for status, (_look, label) in LOOKS.items()},
    }
    try:
        # What others changed is only to be looked at yet.
        rows = _deploy(request, company, agent_ids, dry_run=True, accept_foreign_changes=True)
    except GatewayError as error:
        return render(request, "staff/agents_deploy.html", {**context, "problem": told(error)})
    return render(request, "staff/agents_deploy.html", {**context, "rows": shown(company, rows), "form": _form(rows)})


@require_safe
def result(request: HttpRequest, company_id: int) -> HttpResponse:
    company = company_of(request, company_id)
    kept = request.session.get(RESULT)
    rows = kept["rows"] if kept and kept["company"] == company_id else []
    undone = [row["agent_id"] for row in rows if not row["success"]]
    context = {
        "title": _("Deployed: %(company)s") % {"company": company.name},
        "company": company,
        "rows": shown(company, rows),
        "undone": undone,
        "done_count": len(rows) - len(undone),
    }
    return render(request, "staff/agents_deployed.html", context)


def shown(company: Company, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with the look and label of their status, and the way to their agent."""
    pks = dict(RetellConfiguration.objects.filter(company=company).values_list("agent_id", "pk"))
    return [_shown(row, pks.get(row["agent_id"])) for row in rows]


def _shown(row: dict[str, Any], pk: int | None) -> dict[str, Any]:
    look, label = LOOKS[Status(row["status"])]
    words = list(dict.fromkeys(line["words"] for line in row["numbers"] if line["words"]))
    return {
        **row,
        "look": look,
        "label": label,
        "url": reverse("admin:retell_agent", args=[pk]) if pk else "",
        "number_words": words,
    }


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


def _deployed(request: HttpRequest, company: Company) -> HttpResponse:
    agent_ids = request.POST.getlist("agent")
    form = OrderForm(request.POST)
    form.is_valid()
    try:
        rows = _deploy(request, company, agent_ids, **form.cleaned_data)
    except GatewayError as error:
        messages.error(request, told(error))
        named = urlencode({"agent": agent_ids}, doseq=True)
        return redirect(f"{reverse('admin:retell_deploy', args=[company.pk])}?{named}")
    request.session[RESULT] = {"company": company.pk, "rows": rows}
    return redirect("admin:retell_deployed", company.pk)


def _deploy(request: HttpRequest, company: Company, agent_ids: list[str], **order: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask(request, company, "deployCustomFunctions", agent_ids=agent_ids or None, **order)[
        "deployed"
    ]
    return rows
