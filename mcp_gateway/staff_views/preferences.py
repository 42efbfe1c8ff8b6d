"""Each member of staff's own settings: language and time zone of the pages."""

from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_gateway import preferences
from mcp_gateway.second_factor import is_set_up
from mcp_gateway.staff_pages import Section, render, staff_page

TITLE = gettext_lazy("My settings")
# An empty choice would be one that was forgotten.
NONE_OF_MY_OWN = "default"


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), help_text=gettext_lazy("Of these pages, in every browser that you log in with.")
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Of the pages about the system itself: events, messages, audit trail, queue."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        languages = [(NONE_OF_MY_OWN, _("as the browser says")), *settings.LANGUAGES]
        zones = [
            (NONE_OF_MY_OWN, _("my company's")),
            *((name, name) for name in sorted(available_timezones()) if "/" in name),
        ]
        self.fields["language"].choices = languages  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]


@staff_page("preferences/", name="preferences", title=TITLE, section=Section.ACCESS, is_in_menu=False)
def preferences_page(request: HttpRequest) -> HttpResponse:
    known = preferences.of(request.user)
    chosen = {name: getattr(known, name) or NONE_OF_MY_OWN for name in ("language", "time_zone")}
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=chosen)
    if form.is_valid():
        wanted = {name: "" if value == NONE_OF_MY_OWN else value for name, value in form.cleaned_data.items()}
        preferences.choose(request, **wanted)
        messages.success(request, _("Saved."))
        return redirect("admin:preferences")
    context = {"title": TITLE, "form": form, "now": timezone.now(), "has_second_factor": is_set_up(request.user)}
    return render(request, "staff/preferences.html", context)
