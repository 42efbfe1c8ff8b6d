"""What people see when a page may not be seen, is not there, or breaks, and when a request is not taken.

In words, with the correlation id.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from mcp_gateway import correlation


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _in_frame(request, "403.html", _("You may not do that"), 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _in_frame(request, "404.html", _("There is no such page"), 404)


def not_from_our_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What was posted has no CSRF token, or an old one; Django writes the reason into its log."""
    return _in_frame(request, "403_csrf.html", _("This form is too old"), 403)


def malformed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """It may have been refused before anybody knew whose it is: there is no frame then."""
    return _plain("400.html", _("This request can't be read"), 400)


def broken(request: HttpRequest) -> HttpResponse:
    """Whatever broke may be the database, or what the frame is made of: neither is used here."""
    return _plain("500.html", _("Something broke"), 500)


def _in_frame(request: HttpRequest, template: str, title: str, status: int) -> HttpResponse:
    """With the menu for staff on their pages; a stranger who tries addresses costs no look into the database."""
    is_theirs = request.path.startswith("/admin/") and admin.site.has_permission(request)
    frame: dict[str, Any] = admin.site.each_context(request) if is_theirs else {"site_header": admin.site.site_header}
    context = {**frame, "title": title, "correlation_id": correlation.current()}
    return TemplateResponse(request, template, context, status=status).render()


def _plain(template: str, title: str, status: int) -> HttpResponse:
    context = {"title": title, "correlation_id": correlation.current()}
    return HttpResponse(render_to_string(template, context), status=status)
