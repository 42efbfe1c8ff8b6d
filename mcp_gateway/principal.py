"""Who calls: a token, a member of staff, a vendor whose signature holds, or a task of our own."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from mcp_gateway.companies import visible_company_ids
from mcp_gateway.models import ApiToken


class Kind(StrEnum):
    TOKEN = "token"
    STAFF = "staff"
    VENDOR = "vendor"
    TASK = "task"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """`companies` None means all of them; `scopes` are patterns of "server.method".

    `permissions`: Django's, of a member of staff who is no superuser; None means that they don't matter.
    `signed_call` is what a vendor's verified body says of the phone call; nobody else has one. `home` is the row of
    the caller's one company, where it is known already.
    """

    kind: Kind
    name: str
    companies: frozenset[int] | None
    scopes: tuple[str, ...] = ("*",)
    permissions: frozenset[str] | None = None
    signed_call: Mapping[str, Any] | None = None
    home: Any = None

    def may_call(self, method: str) -> bool:
        return any(fnmatchcase(method, scope) for scope in self.scopes)

    def may_see(self, company_id: int) -> bool:
        return self.companies is None or company_id in self.companies

    def has(self, permission: str) -> bool:
        return self.permissions is None or permission in self.permissions

    @classmethod
    def of_token(cls, token: ApiToken) -> "Principal":
        companies = None if token.company_id is None else frozenset({token.company_id})
        return cls(
            kind=Kind.TOKEN,
            name=f"token:{token.prefix}",
            companies=companies,
            scopes=tuple(token.scopes),
            home=token.company,
        )

    @classmethod
    def of_staff(cls, user: Any) -> "Principal":
        permissions = None if user.is_superuser else frozenset(user.get_all_permissions())
        companies = visible_company_ids(user)
        return cls(kind=Kind.STAFF, name=f"staff:{user.pk}", companies=companies, permissions=permissions)

    @classmethod
    def of_vendor(
        cls, vendor: str, company_id: int, signed_call: Mapping[str, Any] | None = None, *, home: Any = None
    ) -> "Principal":
        """`home`: the company's row, where the signature check has read it already."""
        return cls(kind=Kind.VENDOR, name=vendor, companies=frozenset({company_id}), signed_call=signed_call, home=home)

    @classmethod
    def of_task(cls, name: str, company_id: int | None = None, *, home: Any = None) -> "Principal":
        """Code of our own; None as company means all of them. `home`: the company's row, where it was just read."""
        companies = None if company_id is None else frozenset({company_id})
        return cls(kind=Kind.TASK, name=name, companies=companies, home=home)
