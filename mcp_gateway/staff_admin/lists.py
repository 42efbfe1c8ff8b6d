"""Lists of the staff's place, the same for every model: pages, sizes, saved views, search, export, empty states.

A list asks the database a dozen questions at most, however long it is, and none of them reads all of it.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Q, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mcp_gateway import staff_pages, viewing
from mcp_gateway.actors import STAFF
from mcp_gateway.staff_admin import export, filters, paging, saved_views
from mcp_gateway.staff_admin.missing_rows import MissingRowsAdmin
from mcp_gateway.staff_admin.paging import DEFAULT_SIZE, SIZES, BoundedPaginator, PageLink
from mcp_gateway.staff_admin.saved_views import SavedView, ViewFilter, ViewLink
from mcp_gateway.staff_admin.trailed import TrailedAdmin
from mcp_gateway.staff_admin.visibility import only_company

SIZE_VAR = "size"
# Letters of what was left out of the address.
MOST_TOLD = 200


class StaffChangeList(ChangeList):
    """What a list shows; its templates are admin/change_list.html and those beside it."""

    paginator: BoundedPaginator
    model_admin: "StaffListAdmin"

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        # What stood in the address and was left out, because it makes no sense here.
        self.ignored: list[str] = []
        super().__init__(request, *args, **kwargs)
        if not self.is_popup:
            self.title = capfirst(str(self.opts.verbose_name_plural))

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        for name, values in self.get_filters_params().items():
            if filters.makes_no_sense(self.model_admin, self.list_filter, name, values):
                self.ignored += [f"{name}={value}" for value in values]
                del self.params[name], self.filter_params[name]
        return super().get_queryset(request, exclude_parameters)

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        found.pop(SIZE_VAR, None)
        return found

    def get_results(self, request: HttpRequest) -> None:
        self.list_per_page = _size(request) or self.list_per_page
        self.views: list[ViewLink]
        self.views, counted = saved_views.links(
            request, self.model_admin, self.root_queryset, self.queryset, paging.BOUND
        )
        self.paginator = BoundedPaginator(self.queryset, self.list_per_page, counted=counted)
        page = self.paginator.page(self.page_num)
        self.page_num, self.result_list = page.number, page.object_list
        self.result_count = self.paginator.count
        self.multi_page = self.paginator.num_pages > 1
        self.show_full_result_count = self.can_show_all = False
        self.full_result_count = None
        self.show_admin_actions = bool(self.result_count)
        self.may_be_exported = not self.is_popup and self.model_admin.has_export_permission(request)

    @property
    def is_narrowed(self) -> bool:
        """By a search or by filters."""
        return bool(self.query or self.get_filters_params())

    @property
    def page_links(self) -> list[tuple[PageLink, str]]:
        links = self.paginator.links(self.page_num)
        return [(link, self.get_query_string({PAGE_VAR: link.number}) if link.number else "") for link in links]

    @property
    def size_links(self) -> list[tuple[int, str, bool]]:
        return [
            (size, self.get_query_string({SIZE_VAR: size}), size == self.list_per_page)
            for size in sorted({*SIZES, self.model_admin.list_per_page})
        ]

    @property
    def export_url(self) -> str:
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export")
        return url + self.get_query_string()


class StaffListAdmin(MissingRowsAdmin, TrailedAdmin):
    """Base of every model's admin."""

    # The looks that staff take every day.
    views: ClassVar[Sequence[SavedView]] = ()
    # Columns with ids, numbers, addresses: where one is just what was searched for, nothing else was meant.
    search_ids: ClassVar[Sequence[str]] = ()
    # Columns such as names: rows where one is just what was searched for come first.
    exact_first: ClassVar[Sequence[str]] = ()
    # What an empty list says, and what to do then; the name of the staff's page where it begins, where rows are not
    # added by hand.
    nothing_yet: ClassVar[Any] = ""
    first_step: ClassVar[str] = ""
    # Names as in list_display; without any the list's own.
    export_columns: ClassVar[Sequence[str]] = ()

    paginator = BoundedPaginator
    list_per_page = DEFAULT_SIZE
    list_max_show_all = 0
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StaffChangeList

    def get_list_filter(self, request: HttpRequest) -> Any:
        shown = super().get_list_filter(request)
        return (ViewFilter, *shown) if any(view.condition for view in self.views) else shown

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        begins = staff_pages.page(self.first_step)
        first_step = begins if begins and begins.is_open_to(request.user) else None
        response = super().changelist_view(request, {"first_step": first_step, **(extra_context or {})})
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        if shown is not None and self.shows_personal_data:
            self._note_list(request, shown)
        if shown is not None and shown.ignored:
            told = _("Left out, because it makes no sense here: %(parameters)s.")
            messages.warning(request, told % {"parameters": ", ".join(shown.ignored)[:MOST_TOLD]})
        if bound := getattr(request, "search_was_cut", None):
            told = _("More than %(number)s rows fit the search, and not all of them are shown: type more of the name.")
            messages.warning(request, told % {"number": number_format(bound, force_grouping=True)})
        return response

    def _note_list(self, request: HttpRequest, shown: StaffChangeList) -> None:
        """By what it was searched and filtered, not for what: that may be a name or a number."""
        viewing.note_often(
            f"{STAFF}{request.user.pk}",
            action=viewing.LISTED,
            object_type=self.model.__name__,
            object_id="",
            company_id=only_company(request),
            after={"filter": sorted(shown.params)} if shown.params else {},
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if term and self.search_ids:
            meant = queryset.filter(_is_any_of(self.search_ids, term))
            if meant.exists():
                return meant, False
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if term and self.exact_first:
            rank = Case(When(_is_any_of(self.exact_first, term), then=0), default=1)
            found = found.order_by(rank, *found.query.order_by)
        return found, may_have_duplicates

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export_view), name=name), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        may_look = self.has_view_or_change_permission(request)
        return may_look and request.user.has_perm("mcp_gateway.export_lists")

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The rows that the list shows for the same parameters, on all its pages, as CSV."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return export.response(request, self, self.shown_list(request))

    def shown_list(self, request: HttpRequest) -> "StaffChangeList":
        """What the list shows for the parameters of this request, to another page than the list's own."""
        try:
            shown: StaffChangeList = self.get_changelist_instance(request)  # type: ignore[assignment]
        except IncorrectLookupParameters:
            raise Http404 from None
        if shown.ignored:
            # More rows than were meant.
            raise Http404
        return shown


def note_cut_search(request: HttpRequest, bound: int) -> None:
    """A search has found more than `bound` rows, and left out what lies beyond: the list will say so."""
    request.search_was_cut = bound  # type: ignore[attr-defined]


def _size(request: HttpRequest) -> int | None:
    """The size of pages that was asked for, if it may be."""
    return next((size for size in SIZES if request.GET.get(SIZE_VAR) == str(size)), None)


def _is_any_of(columns: Sequence[str], term: str) -> Q:
    return Q.create([(column, term) for column in columns], connector=Q.OR)
