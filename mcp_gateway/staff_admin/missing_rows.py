"""What is not there is answered with 404, on every page of the admin, and only to those who might see it if it were."""

from typing import Any, NoReturn

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse


class MissingRowsAdmin(admin.ModelAdmin):
    """Django leads to the front page instead, with a message that repeats the key."""

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        raise Http404

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The right first, as on the other pages: who has none does not learn which rows there are."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, *args, **kwargs)
