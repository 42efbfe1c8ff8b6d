"""Deleting in the admin: softly, with an undo in the message, a list of what was deleted, and restoring from it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mcp_gateway import confirming, deletion
from mcp_gateway.deletion import HeldBack, NameTaken, SoftlyDeleted
from mcp_gateway.moments import moment
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin.lists import StaffChangeList
from mcp_gateway.staff_admin.scoped import CompanyScopedAdmin
from mcp_gateway.staff_admin.undo import with_undo
from mcp_gateway.staff_admin.visibility import visible_rows
from mcp_gateway.staff_pages import render


class DeletedFilter(admin.SimpleListFilter):
    """The rows come from `SoftDeletingAdmin.get_queryset`: no other list has deleted ones."""

    title = gettext_lazy("deleted")
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("Deleted, can be restored"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset

    def choices(self, changelist: Any) -> Any:
        everything, deleted = super().choices(changelist)
        yield {**everything, "display": gettext_lazy("Not deleted")}
        yield deleted


class DeletedList(StaffChangeList):
    def url_for_result(self, result: Any) -> str:
        """A deleted row has no page but the one that restores it."""
        return _url(result, "restore")


class SoftDeletingAdmin(CompanyScopedAdmin):
    """For a model that is SoftlyDeleted."""

    delete_confirmation_template: ClassVar[Any] = "staff/delete.html"
    delete_selected_confirmation_template: ClassVar[Any] = "staff/delete_selected.html"
    actions: Any = ("restore_selected",)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_restore"
        view = self.admin_site.admin_view(self.restore_view)
        return [path("<path:object_id>/restore/", view, name=name), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self._deleted_rows(request) if self._lists_deleted(request) else super().get_queryset(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeletedList if self._lists_deleted(request) else super().get_changelist(request, **kwargs)

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (*super().get_list_filter(request), DeletedFilter)

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        return (*columns, "deleted_on", "kept_until") if self._lists_deleted(request) else columns

    def get_actions(self, request: HttpRequest) -> Any:
        """What is deleted can be restored, and nothing else."""
        found = super().get_actions(request)
        is_meant = self._lists_deleted(request)
        return {name: action for name, action in found.items() if (name == "restore_selected") is is_meant}

    @admin.display(description=gettext_lazy("deleted at"), ordering="deleted_at")
    def deleted_on(self, row: SoftlyDeleted) -> SafeString | str:
        return moment(row.deleted_at)

    @admin.display(description=gettext_lazy("can be restored until"), ordering="deleted_at")
    def kept_until(self, row: SoftlyDeleted) -> SafeString | str:
        return moment(row.restorable_until)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """What is deleted has a history still."""
        found = super().get_object(request, object_id, from_field)
        if found is None and self._is_at(request, "history"):
            return self._deleted_row(request, object_id)
        return found

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """Each by itself: nothing goes with it. Those that must stay are told with their reasons."""
        rows = list(objs)
        staying = [f"{row}: {reason}" for row in rows if (reason := row.reason_to_stay())]
        return [str(row) for row in rows], {self.opts.verbose_name_plural: len(rows)}, set(), staying

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Each stands in the audit trail as it happens."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        request.deleted = obj  # type: ignore[attr-defined]
        self._delete(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            self._delete(request, row)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        if IS_POPUP_VAR in request.POST:
            return super().response_delete(request, obj_display, obj_id)
        row: Any = request.deleted  # type: ignore[attr-defined]
        if row.deleted_at is not None:
            told = _("%(name)s was deleted. For thirty days it can be restored.") % {"name": row}
            self.message_user(request, with_undo(request, told, _url(row, "restore")), messages.SUCCESS)
        return redirect(self._list_url())

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Says what was deleted, to whoever may see it; posted, it is restored."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        may_restore = self.has_delete_permission(request)
        if request.method == "POST" and not may_restore:
            raise PermissionDenied
        row = self._deleted_row(request, unquote(object_id))
        if row is None:
            return self._was_restored(request, object_id)
        if request.method == "POST":
            return self._restore(request, row)
        context = {"title": _("Restore %(name)s?") % {"name": row}, "row": row, "opts": self.opts}
        return render(request, "staff/restore.html", {**context, "may_restore": may_restore})

    @admin.action(description=gettext_lazy("Restore selected rows"), permissions=["delete"])
    def restore_selected(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        if asked := confirming.question(request, self, _("Restore"), rows, rows):
            return asked
        by = Principal.of_staff(request.user)
        done = taken = 0
        for row in rows:
            try:
                done += deletion.restore(row, by)
            except NameTaken:
                taken += 1
        told = ngettext("%(count)s row is restored.", "%(count)s rows are restored.", done) % {"count": done}
        if taken:
            told += " " + ngettext(
                "%(count)s is not: something new has its place.",
                "%(count)s are not: something new has their place.",
                taken,
            ) % {"count": taken}
        self.message_user(request, told, messages.WARNING if taken else messages.SUCCESS)
        return None

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        """Where it was deleted, its page is the one that restores it."""
        row = self._deleted_row(request, unquote(object_id))
        return (
            redirect(_url(row, "restore"))
            if row
            else super()._get_obj_does_not_exist_redirect(request, opts, object_id)
        )

    def _delete(self, request: HttpRequest, row: Any) -> None:
        try:
            deletion.delete(row, Principal.of_staff(request.user))
        except HeldBack as reason:
            self.message_user(request, f"{row}: {reason}", messages.ERROR)

    def _restore(self, request: HttpRequest, row: Any) -> HttpResponse:
        try:
            deletion.restore(row, Principal.of_staff(request.user))
        except NameTaken:
            told = _("%(name)s can't be restored: something new has its place. Rename or delete that first.")
            self.message_user(request, told % {"name": row}, messages.ERROR)
            return redirect(_url(row, "restore"))
        self.message_user(request, _("%(name)s is restored.") % {"name": row}, messages.SUCCESS)
        return redirect(_url(row, "change"))

    def _was_restored(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        self.message_user(request, _("This was done already."), messages.INFO)
        return redirect(_url(row, "change"))

    def _deleted_rows(self, request: HttpRequest) -> QuerySet[Any]:
        deleted = self.model.everything.exclude(deleted_at=None).order_by(*self.get_ordering(request))
        return visible_rows(deleted, self.company_lookup, request)

    def _deleted_row(self, request: HttpRequest, key: str) -> Any:
        return self._deleted_rows(request).filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None

    def _lists_deleted(self, request: HttpRequest) -> bool:
        is_list = self._is_at(request, "changelist") or self._is_at(request, "export")
        return is_list and request.GET.get(DeletedFilter.parameter_name) == "yes"

    def _is_at(self, request: HttpRequest, page: str) -> bool:
        at = request.resolver_match
        return at is not None and at.url_name == f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def _url(row: Any, page: str) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=(row.pk,))
