"""Every URL of the staff's place as the resolver knows it, and by which rule it opens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from mcp_gateway import staff_pages
from mcp_gateway.staff_pages import StaffPage

Rows = Mapping[type[Model], Any]

# By what part of a model's right its own URLs open; POST on a change page asks for more than looking.
STANDARD = ("changelist", "add", "change", "delete", "history")
# Django's own, which lead to no row: open to whoever may log in.
OPEN = ("index", "app_list", "jsi18n", "password_change", "password_change_done")
# Before one is logged in, and to end it; a redirect to the list; addresses that only tests of their own can write.
ELSEWHERE = ("login", "logout", "autocomplete", "view_on_site")


@dataclass(frozen=True)
class Place:
    """A URL. `model`: whose admin has it; `page`: as which it is registered; neither for those of Django's site."""

    name: str
    arguments: tuple[str, ...]
    model: type[Model] | None = None
    page: StaffPage | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> str:
        """What the URL is to its model: `change`, `export`, …"""
        assert self.model is not None
        return self.name.removeprefix(f"{_prefix(self.model)}_")

    @property
    def is_standard(self) -> bool:
        return self.model is not None and self.kind in STANDARD

    @property
    def leads_to_a_row(self) -> bool:
        return any(_model_of(self, argument) for argument in self.arguments)

    @property
    def is_known_whole(self) -> bool:
        """Whether all of its arguments are keys of rows: others only the pages themselves can say."""
        return all(_model_of(self, argument) for argument in self.arguments)

    def url(self, rows: Rows, others: Mapping[str, Any] | None = None) -> str:
        """The address for these rows; `others`: the arguments that are no keys."""
        values = {**_made_up(self), **(others or {})}
        for argument in self.arguments:
            if model := _model_of(self, argument):
                values[argument] = rows[model].pk
        return reverse(f"admin:{self.name}", kwargs=values)

    def is_open_to(self, user: User, method: str) -> bool | None:
        """By the rule; None where the URL has a rule of its own within its model's or page's."""
        if self.page is not None:
            return None if self.page.is_open_to(user) else False
        if self.model is None:
            return True
        may_look = _may(user, self.model, "view") or _may(user, self.model, "change")
        if self.kind in ("changelist", "history"):
            return may_look
        if self.kind == "change" and method == "GET":
            return may_look
        if self.kind in STANDARD:
            return _may(user, self.model, self.kind)
        return None if may_look else False


def places() -> Iterator[Place]:
    yield Place("index", ())
    for pattern in _patterns(get_resolver().namespace_dict["admin"][1].url_patterns):
        name, arguments = pattern.name, tuple(pattern.pattern.converters)
        if name is None or name in (*OPEN, *ELSEWHERE):
            continue
        yield Place(name, arguments, _model_with(name), staff_pages.page(name))
    yield from (Place(name, ()) for name in OPEN if name not in ("index", "app_list"))


def model_admins() -> Iterator[tuple[type[Model], ModelAdmin]]:
    yield from admin.site._registry.items()


def _patterns(found: Any) -> Iterator[URLPattern]:
    for pattern in found:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern.url_patterns)
        else:
            yield pattern


def _prefix(model: type[Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def _model_with(name: str) -> type[Model] | None:
    if staff_pages.page(name):
        return None
    if name == "auth_user_password_change":
        return User
    return next((model for model, _ in model_admins() if name.startswith(f"{_prefix(model)}_")), None)


def _model_of(place: Place, argument: str) -> type[Model] | None:
    """The kind of row whose key the argument is: `object_id` of the URL's own model, `company_id` of companies.

    A page's own model is the one that its permission speaks of.
    """
    if argument in ("object_id", "id", "pk"):
        codename = place.page.permission.partition(".")[2] if place.page else ""
        word = codename.rpartition("_")[2]
        return place.model or next((model for model, _ in model_admins() if word == model._meta.model_name), None)
    if not argument.endswith("_id"):
        return None
    word = argument.removesuffix("_id").replace("_", "")
    return next((model for model, _ in model_admins() if str(model._meta.model_name).endswith(word)), None)


def _made_up(place: Place) -> dict[str, Any]:
    converters = next(
        pattern.pattern.converters
        for pattern in _patterns(get_resolver().namespace_dict["admin"][1].url_patterns)
        if pattern.name == place.name
    )
    examples = {"UUIDConverter": uuid4(), "IntConverter": 1}
    return {name: examples.get(type(converter).__name__, "x") for name, converter in converters.items()}


def _may(user: User, model: type[Model], action: str) -> bool:
    """By the role's permissions, and only what anybody may do at all with such rows."""
    request = HttpRequest()
    request.user = User(is_superuser=True, is_active=True)
    open_at_all = getattr(admin.site._registry[model], f"has_{action}_permission")(request)
    return bool(open_at_all) and user.has_perm(f"{model._meta.app_label}.{action}_{model._meta.model_name}")
