"""Undoing from the message that tells what was done: a form of one button, which works without JavaScript."""

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _


def with_undo(request: HttpRequest, told: str, url: str) -> SafeString:
    """The message, and a button that posts to `url`; what that undoes must bear being asked twice."""
    return format_html(
        '{} <form method="post" action="{}" class="undo"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        "<button>{}</button></form>",
        told,
        url,
        get_token(request),
        _("Undo"),
    )
