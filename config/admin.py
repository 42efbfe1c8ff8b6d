"""The staff's admin site: its menu, its pages, its front page."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from mcp_gateway import confirming, outages, staff_pages
from mcp_gateway.staff_pages import Section

# The page that an app registers under this name is what staff see first.
FRONT_PAGE = "dashboard"


class StaffAdminSite(admin.AdminSite):
    site_header = _("Phone and calendar")
    site_title = _("Phone and calendar")
    index_title: Any = _("Overview")
    # The front page is this site's own.
    site_url = None

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.add_action(confirming.delete_selected)

    def get_urls(self) -> list[Any]:
        own = [
            path(page.path, self.admin_view(page.view), name=page.name)
            for page in staff_pages.pages()
            if page.name != FRONT_PAGE
        ]
        return [*own, *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        front = staff_pages.page(FRONT_PAGE)
        return front.view(request) if front else super().index(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With what does not work at this moment, for whoever is logged in."""
        context = super().each_context(request)
        troubles = [outage.label for outage in outages.now()] if context["has_permission"] else []
        return {**context, "outages": troubles}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The menu: sections in place of apps, pages before models."""
        by_app: list[Any] = super().get_app_list(request, app_label)
        if app_label is not None:
            return by_app
        entries = _page_entries(request) + [
            (_section_of(self, model["model"]), model) for app in by_app for model in app["models"]
        ]
        return [
            _as_app(request, section, found)
            for section in Section
            if (found := [entry for its_section, entry in entries if its_section is section])
        ]


def _page_entries(request: HttpRequest) -> list[tuple[Section, dict[str, Any]]]:
    return [
        (
            page.section,
            {
                "name": page.title,
                "object_name": page.name,
                "admin_url": reverse(page.url_name),
                "add_url": None,
                "view_only": True,
                "perms": {},
            },
        )
        for page in staff_pages.pages()
        if page.is_in_menu and page.is_open_to(request.user)
    ]


def _section_of(site: admin.AdminSite, model: Any) -> Section:
    return getattr(site._registry[model], "section", Section.ACCESS)


def _as_app(request: HttpRequest, section: Section, entries: list[dict[str, Any]]) -> dict[str, Any]:
    models = [
        {**entry, "name": capfirst(entry["name"]), "is_current": _is_current(request, entry["admin_url"])}
        for entry in entries
    ]
    return {
        "name": section.label,
        "app_label": section.value,
        "app_url": models[0]["admin_url"],
        "has_module_perms": True,
        "models": models,
    }


def _is_current(request: HttpRequest, url: str | None) -> bool:
    """The front page's address begins all the others."""
    if url is None:
        return False
    return request.path == url if url == reverse("admin:index") else request.path.startswith(url)


class StaffAdminConfig(AdminConfig):
    default_site = "config.admin.StaffAdminSite"

    def ready(self) -> None:
        super().ready()
        from config import checks  # noqa: F401  (registers the system checks)
