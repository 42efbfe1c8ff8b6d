"""What the agent is told of each function: on or off, description, parameters, and how all of it will look to it."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from mcp_gateway.errors import GatewayError
from mcp_gateway.lost_edits import NoLostEditsForm
from mcp_gateway.staff_pages import render
from mcp_gateway.strict_json import NotStrictJson, loads
from retell.addresses import function_url
from retell.agent_pages.common import CHANGE, ask, blame, configuration_of, told
from retell.custom_functions import CustomFunction, functions_of, schema_problems
from retell.models import RetellConfiguration


class FunctionForm(NoLostEditsForm):
    enabled = forms.BooleanField(label=gettext_lazy("The agent has this function"), required=False)
    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 6}),
        help_text=gettext_lazy("When the agent is to use it. Empty: ours again."),
    )
    parameters = forms.CharField(
        label=gettext_lazy("Parameters"),
        widget=forms.Textarea({"rows": 24, "spellcheck": "false", "class": "code"}),
        help_text=gettext_lazy("JSON Schema of an object."),
    )

    def __init__(self, function: CustomFunction, configuration: RetellConfiguration, data: Any = None) -> None:
        self.function = function
        initial = {
            "enabled": function.enabled,
            "description": function.description,
            "parameters": as_text(function.parameters),
        }
        super().__init__(data, initial=initial, row=configuration)

    def clean_description(self) -> str:
        return str(self.cleaned_data["description"]).replace("\r\n", "\n")

    def clean_parameters(self) -> dict[str, Any]:
        try:
            parameters = loads(self.cleaned_data["parameters"].encode())
        except NotStrictJson:
            raise forms.ValidationError(_("This is no JSON%(place)s.") % {"place": self._place()}) from None
        if not isinstance(parameters, dict):
            raise forms.ValidationError(_("Write a JSON object: {…}"))
        if wrong := schema_problems(self.function.name, parameters):
            raise forms.ValidationError(wrong)
        return parameters

    def changes(self) -> dict[str, Any]:
        """What of the valid form differs from the function as it is."""
        return {name: value for name, value in self.cleaned_data.items() if value != getattr(self.function, name)}

    def _place(self) -> str:
        try:
            json.loads(self.cleaned_data["parameters"])
        except json.JSONDecodeError as error:
            return _(": look at line %(line)d, column %(column)d") % {"line": error.lineno, "column": error.colno}
        except RecursionError:
            pass
        return ""


@require_safe
def functions(request: HttpRequest, pk: int) -> HttpResponse:
    configuration = configuration_of(request, pk)
    url = function_url(configuration)
    context = {
        "title": _("Functions"),
        "configuration": configuration,
        "company": configuration.company,
        "rows": [(function, as_text(function.as_tool(url))) for function in functions_of(configuration)],
        "may_change": request.user.has_perm(CHANGE),
    }
    return render(request, "staff/agents_functions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def function(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Edit one; the button "preview" shows what was written as the agent would see it, and keeps nothing."""
    configuration = configuration_of(request, pk)
    found = _function(configuration, name)
    form = FunctionForm(found, configuration, request.POST if request.method == "POST" else None)
    shown = found.as_tool(function_url(configuration))
    if form.is_bound and form.is_valid():
        if "preview" in request.POST:
            written = form.cleaned_data["description"] or found.description
            shown |= {"description": written, "parameters": form.cleaned_data["parameters"]}
        elif _is_saved(request, configuration, form):
            messages.success(request, _("Saved here. Deploying brings it to the agent."))
            return redirect("admin:retell_functions", pk)
    context = {
        "title": found.name,
        "configuration": configuration,
        "company": configuration.company,
        "function": found,
        "form": form,
        "tool": as_text(shown),
        "is_preview": "preview" in request.POST,
    }
    return render(request, "staff/agents_function.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Forget what was changed of a function, after a question."""
    configuration = configuration_of(request, pk)
    found = _function(configuration, name)
    if request.method == "POST":
        try:
            ask(
                request,
                configuration.company,
                "updateCustomFunction",
                agent_id=configuration.agent_id,
                name=name,
                reset=True,
            )
        except GatewayError as error:
            messages.error(request, told(error))
        else:
            messages.success(request, _("The function is ours again. Deploying brings it to the agent."))
        return redirect("admin:retell_functions", pk)
    context = {
        "title": _("Reset %(name)s?") % {"name": found.name},
        "configuration": configuration,
        "company": configuration.company,
        "question": _("Description and parameters become this system's own again, and the function is switched on."),
        "button": _("Reset"),
        "lost": as_text(found.as_tool(function_url(configuration))) if found.is_changed else "",
    }
    return render(request, "staff/agents_confirm.html", context)


def as_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _function(configuration: RetellConfiguration, name: str) -> CustomFunction:
    for one in functions_of(configuration):
        if one.name == name:
            return one
    raise Http404


def _is_saved(request: HttpRequest, configuration: RetellConfiguration, form: FunctionForm) -> bool:
    if not (changes := form.changes()):
        return True
    named = {"agent_id": configuration.agent_id, "name": form.function.name}
    try:
        ask(request, configuration.company, "updateCustomFunction", **named, **changes)
    except GatewayError as error:
        blame(form, error)
        return False
    return True
