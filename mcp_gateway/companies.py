"""The company that calls are scoped to, by `settings.COMPANY_MODEL`.

The gateway needs little of it: a primary key, `name`, `is_active`, a relation `staff` to the users who may see it, its
`timezone` (an IANA name) and `zone` (the ZoneInfo), and `rate_limit_per_minute` (None: the system's default).
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models


def company_model() -> type[models.Model]:
    return apps.get_model(settings.COMPANY_MODEL)


def visible_company_ids(user: AbstractBaseUser | AnonymousUser) -> frozenset[int] | None:
    """The companies that a member of staff may see; None means all of them (superusers)."""
    names = visible_company_names(user)
    return None if names is None else frozenset(names)


def visible_company_names(user: AbstractBaseUser | AnonymousUser) -> dict[int, str] | None:
    """The same with their names, in the companies' own order."""
    if getattr(user, "is_superuser", False):
        return None
    return dict(_companies().filter(staff=user).values_list("pk", "name"))


def zones_of(user: Any) -> list[str]:
    """The IANA names of the time zones of the user's companies: none, the only one, or two of several."""
    companies = visible_company_ids(user)
    rows = _companies() if companies is None else _companies().filter(pk__in=companies)
    return list(rows.order_by().values_list("timezone", flat=True).distinct()[:2])


def active_company(company_id: int) -> Any | None:
    return _companies().filter(pk=company_id, is_active=True).first()


def _companies() -> models.QuerySet[Any]:
    return company_model()._default_manager.all()
