"""Admin of the access tokens: made and rotated here and shown once, seen, revoked."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mcp_gateway import confirming, issued_tokens
from mcp_gateway.badges import Look, badge
from mcp_gateway.lost_edits import NoLostEditsMixin
from mcp_gateway.models import ApiToken
from mcp_gateway.moments import moment
from mcp_gateway.principal import Principal
from mcp_gateway.registry import registry
from mcp_gateway.staff_admin import CompanyFilter, CompanyScopedAdmin


class TokenForm(forms.ModelForm):
    """What a token may call: chosen from a list, and, for whoever needs it finer, as patterns."""

    class Meta:
        help_texts = {"expires_at": _("From then on it does not work any more; empty: it works until it is revoked.")}

    chosen = forms.MultipleChoiceField(
        label=_("May call"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("All methods of a server, or those that only read. Choose as little as the program needs."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "chosen" not in self.fields:
            return
        self.fields["chosen"].choices = offered = _offered_scopes()  # type: ignore[attr-defined]
        self.fields["scopes"].required = False
        self.fields["scopes"].label = _("Further patterns")
        stored, known = self.instance.scopes, {scope for scope, _text in offered}
        self.initial["chosen"] = [scope for scope in stored if scope in known]
        self.initial["scopes"] = [scope for scope in stored if scope not in known]

    def clean_scopes(self) -> list[str]:
        scopes = self.cleaned_data["scopes"] or []
        if not isinstance(scopes, list) or not all(isinstance(scope, str) and scope for scope in scopes):
            raise forms.ValidationError(_('Write a list of patterns, such as ["calcom.get*", "appointment_mgmt.*"].'))
        return scopes

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if "scopes" in cleaned:
            cleaned["scopes"] = [*cleaned.get("chosen", ()), *cleaned["scopes"]]
            if not cleaned["scopes"]:
                self.add_error("chosen", _("Choose at least one thing that the token may call."))
        return cleaned


@admin.register(ApiToken)
class ApiTokenAdmin(NoLostEditsMixin, CompanyScopedAdmin):
    form = TokenForm
    list_display = ("name", "prefix", "company", "state", "scopes", "expires", "last_used", "revoked")
    list_filter = (("company", CompanyFilter), "expires_at", "revoked_at")
    search_fields = ("name", "prefix")
    list_select_related = ("company",)
    actions = ("revoke", "rotate")

    nothing_yet = _("No program has a token yet.")

    @admin.display(description=_("state"))
    def state(self, token: ApiToken) -> SafeString:
        if token.revoked_at:
            return badge(Look.BAD, _("revoked"))
        if token.expires_at and token.expires_at <= timezone.now():
            return badge(Look.QUIET, _("no longer valid"))
        if token.successor_id:
            return badge(Look.WAITS, _("rotated"))
        return badge(Look.GOOD, _("usable"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The audit trail names it by its prefix: it is revoked."""
        return False

    @admin.display(description=_("expires at"), ordering="expires_at")
    def expires(self, token: ApiToken) -> SafeString | str:
        return moment(token.expires_at)

    @admin.display(description=_("last used at"), ordering="last_used_at")
    def last_used(self, token: ApiToken) -> SafeString | str:
        return moment(token.last_used_at)

    @admin.display(description=_("revoked at"), ordering="revoked_at")
    def revoked(self, token: ApiToken) -> SafeString | str:
        return moment(token.revoked_at)

    @admin.display(description=_("created at"))
    def created(self, token: ApiToken) -> SafeString | str:
        return moment(token.created_at)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        entered: tuple[str, ...] = ("name", "company", "chosen", "scopes", "expires_at")
        if obj is not None and not self.has_change_permission(request, obj):
            entered = ("name", "company", "scopes", "expires_at")
        return entered if obj is None else (*entered, "prefix", "created", "last_used", "revoked")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("prefix", "company", "created", "last_used", "revoked")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Only superusers may make a token for every company."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if "company" in form.base_fields:
            form.base_fields["company"].required = not request.user.is_superuser
        return form

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        by = Principal.of_staff(request.user)
        if change:
            # Nothing else: it may have been revoked or rotated since it was read.
            obj.save(update_fields=["name", "scopes", "expires_at"])
            issued_tokens.note(by, "token.changed", obj)
            return
        made, text = issued_tokens.make(
            by, name=obj.name, company=obj.company, scopes=obj.scopes, expires_at=obj.expires_at
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        request.shown_once = [(made, text)]  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        return self._shown_once(request, request.shown_once)  # type: ignore[attr-defined]

    @admin.action(description=_("Revoke selected tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> HttpResponse | None:
        fitting = tokens.filter(revoked_at=None)
        if asked := confirming.question(request, self, gettext("Revoke tokens"), tokens, fitting):
            return asked
        number = tokens.order_by().count()
        by = Principal.of_staff(request.user)
        revoked = [token for token in fitting if issued_tokens.revoke(by, token)]
        told = ngettext("%(count)s token revoked.", "%(count)s tokens revoked.", len(revoked)) % {"count": len(revoked)}
        told = " ".join(filter(None, (told, _skipped(number - len(revoked)))))
        self.message_user(request, told, messages.SUCCESS if revoked else messages.WARNING)
        return None

    @admin.action(description=_("Rotate selected tokens; the old ones end in 24 hours"), permissions=["change", "add"])
    def rotate(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> HttpResponse:
        usable = tokens.filter(ApiToken.usable(), successor=None).select_related("company")
        if asked := confirming.question(request, self, gettext("Make new tokens in their place"), tokens, usable):
            return asked
        number = tokens.order_by().count()
        by = Principal.of_staff(request.user)
        rotated = [made for token in usable if (made := issued_tokens.rotate(by, token))]
        told = ngettext("%(count)s new token made.", "%(count)s new tokens made.", len(rotated))
        told = " ".join(filter(None, (told % {"count": len(rotated)}, _skipped(number - len(rotated)))))
        return self._shown_once(request, rotated, told)

    def _shown_once(self, request: HttpRequest, tokens: Sequence[tuple[ApiToken, str]], told: str = "") -> HttpResponse:
        """The page itself has the texts: they are stored nowhere on their way to it."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Access tokens"),
            "told": told,
            "advice": _("This is the only time that the token is shown: copy it now to where it is used."),
            "way_back": _("Back to the tokens"),
            "tokens": tokens,
        }
        return TemplateResponse(request, "admin/token_shown_once.html", context, headers={"Cache-Control": "no-store"})

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """It is in the audit trail already, in words of its own."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """It is in the audit trail already, in words of its own."""


def _skipped(number: int) -> str:
    """Nothing to say of none."""
    if not number:
        return ""
    return ngettext(
        "%(count)s was skipped: it has ended or been rotated already.",
        "%(count)s were skipped: they have ended or been rotated already.",
        number,
    ) % {"count": number}


def _offered_scopes() -> list[tuple[str, Any]]:
    """Each server's methods, all of them and those that read only by their names; last everything there is."""
    servers = [name for name, server in sorted(registry.servers.items()) if not server.needs_signed_call]
    offered: list[tuple[str, Any]] = []
    for name in servers:
        offered.append((f"{name}.*", format_lazy("{}: {}", name, _("everything"))))
        if any(method.startswith(f"{name}.get") for method in registry.methods):
            offered.append((f"{name}.get*", format_lazy("{}: {}", name, _("what begins with get, reads only"))))
    return [*offered, ("*", _("everything of every server"))]
