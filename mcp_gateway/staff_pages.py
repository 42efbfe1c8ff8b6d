"""Pages of the staff's place that are no model's: an app registers them in its `staff_pages.py`, as it does models.

A page is shown in the menu, and opens, for whoever has its permission; calling it without gives 403. Every page and
every model's admin belongs to a section of the menu.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

View = Callable[..., HttpResponseBase]


class Section(models.TextChoices):
    """The parts of the menu, in their order."""

    DAY = "day", _("Day's work")
    SET_UP = "set_up", _("Set-up")
    OPERATION = "operation", _("Operation")
    ACCESS = "access", _("Access")


@dataclass(frozen=True, kw_only=True)
class StaffPage:
    path: str
    name: str
    title: Any
    view: View
    permission: str
    section: Section
    is_in_menu: bool

    @property
    def url_name(self) -> str:
        return f"admin:{self.name}" if self.path else "admin:index"

    def is_open_to(self, user: Any) -> bool:
        """Every member of staff, where the page asks for no permission."""
        return not self.permission or user.has_perm(self.permission)


_pages: dict[str, StaffPage] = {}


def staff_page(
    path: str, *, name: str, title: Any, section: Section, permission: str = "", is_in_menu: bool = True
) -> Callable[[View], View]:
    """Register a view at /admin/<path>; `name` is its URL name in the namespace `admin`."""

    def register(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not _pages[name].is_open_to(request.user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        _pages[name] = StaffPage(
            path=path,
            name=name,
            title=title,
            view=guarded,
            permission=permission,
            section=section,
            is_in_menu=is_in_menu,
        )
        return guarded

    return register


def pages() -> list[StaffPage]:
    """In the order in which they were registered."""
    return list(_pages.values())


def page(name: str) -> StaffPage | None:
    return _pages.get(name)


def render(request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
    """A page in the frame of the admin; `context` has at least its `title`."""
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
