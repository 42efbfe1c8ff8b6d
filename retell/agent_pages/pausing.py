"""Pausing an agent, and letting it go on: asked first, done when posted, undone from the message that tells of it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mcp_gateway.errors import GatewayError
from mcp_gateway.staff_admin.undo import with_undo
from mcp_gateway.staff_pages import render
from retell.agent_pages.common import ask, configuration_of, told
from retell.models import RetellConfiguration


@require_http_methods(["GET", "HEAD", "POST"])
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    configuration = configuration_of(request, pk)
    named = {"agent": configuration.agent_id}
    if request.method == "POST":
        done = (
            _(
                "The agent %(agent)s is paused: new calls are turned away where their number asks this system first, "
                "and in all others it only notes who is to be called back."
            )
            % named
        )
        return _set(request, configuration, True, done, undone_by="retell_agent_resume")
    context = {
        "title": _("Pause %(agent)s?") % named,
        "question": _(
            "Calls to numbers that ask this system first are turned away. In all other calls the agent is told that it "
            "can't see to appointments now, and may only note that somebody is to call back."
        ),
        "points": [
            _("What callers have agreed on already is still booked, and events of calls are still taken."),
            _("At Retell nothing changes; it lasts until somebody lets the agent go on."),
        ],
        "button": _("Pause"),
    }
    return _question(request, configuration, context)


@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    configuration = configuration_of(request, pk)
    named = {"agent": configuration.agent_id}
    if request.method == "POST":
        done = _("The agent %(agent)s takes calls and books again.") % named
        return _set(request, configuration, False, done, undone_by="retell_agent_pause")
    context = {
        "title": _("Let %(agent)s go on?") % named,
        "question": _("The agent takes calls and books again, as it did before it was paused."),
        "button": _("Resume"),
    }
    return _question(request, configuration, context)


def _set(
    request: HttpRequest, configuration: RetellConfiguration, paused: bool, done: str, *, undone_by: str
) -> HttpResponse:
    try:
        answer = ask(request, configuration.company, "pauseAgent", agent_id=configuration.agent_id, paused=paused)
    except GatewayError as error:
        messages.error(request, told(error))
    else:
        if answer["updated_count"]:
            undo = reverse(f"admin:{undone_by}", args=(configuration.pk,))
            messages.success(request, with_undo(request, done, undo))
        else:
            messages.info(request, _("This was done already."))
    return redirect("admin:retell_agent", configuration.pk)


def _question(request: HttpRequest, configuration: RetellConfiguration, context: dict[str, Any]) -> HttpResponse:
    context |= {"configuration": configuration, "company": configuration.company}
    return render(request, "staff/agents_confirm.html", context)
