"""What the admin pages of every app share: lists that stay quick, own companies only, secrets masked."""

from mcp_gateway.staff_admin.filters import CompanyFilter, RecentValuesFilter
from mcp_gateway.staff_admin.lists import StaffListAdmin
from mcp_gateway.staff_admin.saved_views import SavedView, today
from mcp_gateway.staff_admin.scoped import CompanyScopedAdmin, ReadOnlyAdmin
from mcp_gateway.staff_admin.secrets_form import KEPT, SecretsForm
from mcp_gateway.staff_admin.visibility import visible_companies

__all__ = [
    "KEPT",
    "CompanyFilter",
    "CompanyScopedAdmin",
    "ReadOnlyAdmin",
    "RecentValuesFilter",
    "SavedView",
    "SecretsForm",
    "StaffListAdmin",
    "today",
    "visible_companies",
]
