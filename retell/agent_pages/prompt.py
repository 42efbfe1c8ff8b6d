"""An agent's prompt: written, looked at with a caller's variables filled in, compared with what it was, rolled back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from appointments.models import Company, Customer
from mcp_gateway.errors import GatewayError
from mcp_gateway.staff_pages import render
from retell.agent_pages.common import ask, blame, configuration_of, may_write, told
from retell.inbound import Caller, variables_for
from retell.models import PromptVersion, RetellConfiguration

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
LANGUAGES = ("de", "en")
SHOWN_VERSIONS = 50


class PromptForm(forms.Form):
    prompt = forms.CharField(
        label=gettext_lazy("Prompt"),
        max_length=100_000,
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 24}),
        help_text=gettext_lazy("Empty: the prompt stays as it is at Retell."),
    )
    # The version that the text was made from: nobody overwrites what somebody else has written meanwhile.
    base = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean_prompt(self) -> str:
        """Browsers send line ends in a form of their own."""
        return str(self.cleaned_data["prompt"]).replace("\r\n", "\n")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a comparison; `sign` is "+", "-" or " "."""

    sign: str
    text: str

    @property
    def said(self) -> str:
        """For whoever does not see signs and colours."""
        return {"+": _("added:"), "-": _("removed:")}.get(self.sign, "")


@require_http_methods(["GET", "HEAD", "POST"])
def prompt(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit it; the button "preview" fills in what was written, and keeps nothing."""
    configuration = configuration_of(request, pk)
    may_change = may_write(request)
    versions = list(configuration.prompt_versions.all()[:SHOWN_VERSIONS])
    newest = versions[0].number if versions else 0
    form = PromptForm(
        request.POST if request.method == "POST" else None,
        initial={"prompt": _text_to_begin_with(request, configuration), "base": newest},
    )
    text = form.initial["prompt"]
    if form.is_bound and form.is_valid():
        text = form.cleaned_data["prompt"]
        if "preview" not in request.POST and _is_saved(request, configuration, form, newest):
            messages.success(request, _("Saved here. Deploying brings it to the agent."))
            return redirect("admin:retell_prompt", pk)
    variables = sample_variables(configuration.company)
    filled, unknown = fill(text, variables)
    names = _names(versions)
    context = {
        "title": _("Prompt"),
        "configuration": configuration,
        "company": configuration.company,
        "form": form,
        "variables": variables,
        "filled": filled,
        "unknown": unknown,
        "is_template": request.GET.get("template") in LANGUAGES,
        "versions": [(version, names.get(version.author, version.author)) for version in versions],
        "newest": newest,
        "may_change": may_change,
    }
    return render(request, "staff/agents_prompt.html", context)


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    configuration = configuration_of(request, pk)
    before, after = (_version(configuration, request.GET.get(name, "")) for name in ("before", "after"))
    numbers = {"before": before.number, "after": after.number}
    context = {
        "title": _("Prompt: version %(before)d and %(after)d") % numbers,
        "configuration": configuration,
        "company": configuration.company,
        "lines": list(difference(before.text, after.text)),
        "is_same": before.text == after.text,
    }
    return render(request, "staff/agents_compare.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def roll_back(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Write an old version anew, after a question that shows what changes."""
    configuration = configuration_of(request, pk)
    old = _version(configuration, str(number))
    if request.method == "POST":
        try:
            ask(request, configuration.company, "rollBackPrompt", agent_id=configuration.agent_id, number=number)
        except GatewayError as error:
            messages.error(request, told(error))
        else:
            messages.success(request, _("Version %(number)d is the prompt again.") % {"number": number})
        return redirect("admin:retell_prompt", pk)
    context = {
        "title": _("Roll back to version %(number)d?") % {"number": number},
        "configuration": configuration,
        "company": configuration.company,
        "question": _("Its text becomes a new version. The agent gets it with the next deployment."),
        "button": _("Roll back"),
        "lines": list(difference(configuration.prompt_template or "", old.text)),
    }
    return render(request, "staff/agents_confirm.html", context)


def sample_variables(company: Company) -> dict[str, str]:
    """What a caller whom the company knows would bring, in its language."""
    language = company.default_language
    customer = Customer(company=company, name="Erika Beispiel", language=language)
    return variables_for(company, Caller(customer, language, company.zone))


def fill(text: str, variables: dict[str, str]) -> tuple[str, list[str]]:
    """The prompt as the model gets it, and the variables in it that nobody gives it: those stay as they stand."""
    unknown = sorted({name for name in VARIABLE.findall(text) if name not in variables})
    return VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text), unknown


def difference(before: str, after: str) -> Iterator[Line]:
    """Line by line; of a changed place first what was, then what is."""
    old, new = before.splitlines(), after.splitlines()
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (Line(sign=" ", text=text) for text in old[old_from:old_to])
        else:
            yield from (Line(sign="-", text=text) for text in old[old_from:old_to])
            yield from (Line(sign="+", text=text) for text in new[new_from:new_to])


def _text_to_begin_with(request: HttpRequest, configuration: RetellConfiguration) -> str:
    """What is stored, or the template in the language that was asked for."""
    language = request.GET.get("template")
    if language not in LANGUAGES:
        return configuration.prompt_template or ""
    try:
        made = ask(request, configuration.company, "getAgentPromptTemplate", language=language)
    except GatewayError as error:
        messages.error(request, told(error))
        return configuration.prompt_template or ""
    return str(made["prompt"])


def _is_saved(request: HttpRequest, configuration: RetellConfiguration, form: PromptForm, newest: int) -> bool:
    text = form.cleaned_data["prompt"]
    if text == (configuration.prompt_template or ""):
        return True
    if form.cleaned_data["base"] != newest:
        message = _("Somebody has written version %(number)d meanwhile: compare, then save once more.")
        form.add_error("prompt", message % {"number": newest})
        # What is sent next has been told of it.
        form.data = {**request.POST.dict(), "base": str(newest)}
        return False
    try:
        ask(request, configuration.company, "updateAgent", agent_id=configuration.agent_id, prompt=text)
    except GatewayError as error:
        blame(form, error)
        return False
    return True


def _version(configuration: RetellConfiguration, number: str) -> PromptVersion:
    if not number.isdecimal() or len(number) > 9:
        raise Http404
    return get_object_or_404(PromptVersion, configuration=configuration, number=int(number))


def _names(versions: list[PromptVersion]) -> dict[str, str]:
    """Of the members of staff who wrote these versions, by how the versions name them."""
    pks = {version.author.removeprefix("staff:") for version in versions if version.author.startswith("staff:")}
    people: Any = get_user_model()._default_manager.filter(pk__in=[pk for pk in pks if pk.isdecimal()])
    return {f"staff:{person.pk}": person.get_full_name() or person.get_username() for person in people}
