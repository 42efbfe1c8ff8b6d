"""Admin of the gateway: inbox, tokens, audit trail."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mcp_gateway.audit import record
from mcp_gateway.models import ApiToken, AuditEntry, WebhookEvent
from mcp_gateway.staff_admin import CompanyScopedAdmin, ReadOnlyAdmin
from mcp_gateway.tokens import revoke_token


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "provider", "event", "company", "state", "tries", "processed_at")
    list_filter = ("state", "received_at", "provider", "event", ("company", admin.RelatedOnlyFieldListFilter))
    search_fields = ("dedupe_key", "correlation_id")
    list_select_related = ("company",)

    @admin.display(description=_("attempts"))
    def tries(self, event: WebhookEvent) -> int:
        return len(event.attempts)


@admin.register(ApiToken)
class ApiTokenAdmin(CompanyScopedAdmin):
    """Tokens are made by `mcp_create_token`, which shows them once; here they are seen and revoked."""

    list_display = ("name", "prefix", "company", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_filter = (("company", admin.RelatedOnlyFieldListFilter), "expires_at", "revoked_at")
    search_fields = ("name", "prefix")
    readonly_fields = ("prefix", "company", "created_at", "last_used_at", "revoked_at")
    list_select_related = ("company",)
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("Revoke selected tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, tokens: Any) -> None:
        revoked = [token for token in tokens.filter(revoked_at=None) if self._revoke(request, token)]
        self.message_user(request, _("%(count)s tokens revoked.") % {"count": len(revoked)})

    @transaction.atomic
    def _revoke(self, request: HttpRequest, token: ApiToken) -> bool:
        """Whether this revoked it; False when somebody else just did."""
        revoked = revoke_token(token)
        if revoked:
            record(
                actor_kind=AuditEntry.Actor.STAFF,
                actor=request.user.get_username(),
                action="token.revoked",
                object_type="ApiToken",
                object_id=token.pk,
                company_id=token.company_id,
                before={"name": token.name, "prefix": token.prefix},
            )
        return revoked


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_kind", "actor", "action", "object_type", "object_id", "company", "reason")
    list_filter = ("at", "actor_kind", "action", ("company", admin.RelatedOnlyFieldListFilter))
    search_fields = ("object_id", "actor", "correlation_id")
    list_select_related = ("company",)
