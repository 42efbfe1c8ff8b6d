"""Asking for the second factor, and setting one up."""

from typing import Any

import segno
from axes.helpers import get_lockout_response
from django import forms
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mcp_gateway import second_factor
from mcp_gateway.fields import WrongEncryptionKey
from mcp_gateway.staff_pages import Section, render, staff_page

ASK, SET_UP = gettext_lazy("Second factor"), gettext_lazy("Set up the second factor")


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        help_text=gettext_lazy("Six digits from your app; to log in, a backup code will do too."),
        max_length=30,
        widget=forms.TextInput({"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "none"}),
    )


@staff_page("second-factor/", name="second_factor", title=ASK, section=Section.ACCESS, is_in_menu=False)
def ask_page(request: HttpRequest) -> HttpResponse:
    """After the password: the code, then on to where one wanted to go."""
    if not second_factor.is_awaited(request):
        return redirect(_next(request))
    if not second_factor.is_set_up(request.user):
        if not request.session.get(second_factor.ASKED):
            return redirect("admin:second_factor_set_up")
        # It was reset since this session began.
        logout(request)
        return redirect("admin:login")
    if second_factor.is_locked(request):
        locked: HttpResponse = get_lockout_response(request)
        return locked
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _opens(request, form):
        return redirect(_next(request))
    return _page(request, "staff/second_factor.html", {"title": ASK, "form": form})


@staff_page(
    "second-factor/set-up/", name="second_factor_set_up", title=SET_UP, section=Section.ACCESS, is_in_menu=False
)
def set_up_page(request: HttpRequest) -> HttpResponse:
    """An app's first code takes it; then the backup codes are shown, once."""
    has_one = second_factor.is_set_up(request.user)
    had_one = has_one or request.session.get(second_factor.ASKED)
    if had_one and second_factor.is_awaited(request):
        return redirect("admin:second_factor")
    app = second_factor.new_app(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if codes := second_factor.set_up(request, form.cleaned_data["code"]):
            response = _page(request, "staff/second_factor_codes.html", {"title": _("Backup codes"), "codes": codes})
            response["Cache-Control"] = "no-store"
            return response
        form.add_error("code", _("This is not the code that the app shows now. Check the clock of your phone."))
    context = {"title": SET_UP, "form": form, "has_one": has_one, "is_demanded": settings.REQUIRE_2FA}
    context |= {"link": app.link, "qr_code": _qr_code(app.link), "secret": app.readable_secret}
    response = _page(request, "staff/second_factor_set_up.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _opens(request: HttpRequest, form: CodeForm) -> bool:
    """Whether the code was right; if not, the form says what was wrong."""
    try:
        if second_factor.give(request, form.cleaned_data["code"]):
            return True
        form.add_error("code", _("This code is wrong or used up. Wait for the app's next one before you try again."))
    except WrongEncryptionKey:
        told = _("Codes of your app can't be checked: an encryption key is missing in the settings. Use a backup code.")
        form.add_error("code", told)
    return False


def _qr_code(text: str) -> SafeString:
    """As SVG, on white and with white around it: cameras need that in the dark theme too."""
    drawn = segno.make(text, micro=False).svg_inline(omitsize=True, light="#fff", svgclass=None, lineclass=None)
    # Coordinates and colours only.
    return mark_safe(drawn)  # noqa: S308


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Without the menu, as long as it would lead nowhere."""
    hidden = {"is_nav_sidebar_enabled": False, "available_apps": []} if second_factor.is_awaited(request) else {}
    return render(request, template, {**context, **hidden})


def _next(request: HttpRequest) -> str:
    """Where one wanted to go: a page of this host, else the overview."""
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours and wanted.startswith("/admin/") else "admin:index"
