"""What the admin pages of every app share: lists that stay quick, own companies only, secrets masked."""

from mcp_gateway.staff_admin.deleting import SoftDeletingAdmin
from mcp_gateway.staff_admin.filters import CompanyFilter, OwnRowsFilter, RecentValuesFilter, date_range, has_error
from mcp_gateway.staff_admin.lists import StaffListAdmin
from mcp_gateway.staff_admin.saved_views import VIEW_VAR, SavedView, bounded_count, count_text, today, view_of
from mcp_gateway.staff_admin.scoped import CompanyScopedAdmin, ReadOnlyAdmin
from mcp_gateway.staff_admin.secrets_form import KEPT, SecretsForm
from mcp_gateway.staff_admin.visibility import visible_companies

__all__ = [
    "KEPT",
    "VIEW_VAR",
    "CompanyFilter",
    "CompanyScopedAdmin",
    "OwnRowsFilter",
    "ReadOnlyAdmin",
    "RecentValuesFilter",
    "SavedView",
    "SecretsForm",
    "SoftDeletingAdmin",
    "StaffListAdmin",
    "bounded_count",
    "count_text",
    "date_range",
    "has_error",
    "today",
    "view_of",
    "visible_companies",
]
