"""A member of staff in front of a browser: what they do, and what they could complain of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

from appointments.models import Company

PASSWORD = "correct horse battery"
LOCALES = {"de": "de-DE", "en": "en-GB"}
# Words of the interface that a journey looks for, by language.
Words = dict[str, str]


def member_of_staff(name: str, role: str, *companies: Company) -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    for company in companies:
        company.staff.add(user)
    return user


@dataclass
class Desk:
    page: Page
    base_url: str
    language: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(
        cls,
        browser: Browser,
        base_url: str,
        *,
        language: str,
        theme: Literal["light", "dark"],
        width: int = 1280,
        has_scripts: bool = True,
    ) -> Iterator[Self]:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            locale=LOCALES[language],
            color_scheme=theme,
            reduced_motion="reduce",
            java_script_enabled=has_scripts,
        )
        desk = cls(context.new_page(), base_url, language)
        desk.page.on("console", desk._note_console)
        desk.page.on("request", desk._note_request)
        desk.page.on("pageerror", lambda error: desk.complaints.append(f"error: {error}"))
        try:
            yield desk
        finally:
            context.close()

    def log_in(self, name: str) -> None:
        self.open("/admin/login/")
        self.page.fill("#id_username", name)
        self.page.fill("#id_password", PASSWORD)
        self.page.click("#login-form [type=submit]")
        self.page.wait_for_url("**/admin/")

    def open(self, path: str) -> int:
        """The status of the answer."""
        response = self.page.goto(f"{self.base_url}{path}")
        assert response is not None
        return response.status

    def says(self, text: str) -> Locator:
        found = self.page.get_by_text(text).first
        found.wait_for()
        return found

    def serious_findings(self) -> list[str]:
        """What axe finds serious or critical on the page, each with the element."""
        before = list(self.complaints)
        violations: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        self.page.wait_for_timeout(50)
        # What axe itself tries with styles, and the policy forbids, is no fault of the page.
        self.complaints[:] = before
        return [
            f"{violation['id']}: {node['html'][:200]}"
            for violation in violations
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    def sideways_scroll(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type} on {self.page.url}: {message.text}")

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if (
            parts.scheme != "data"
            and f"{parts.scheme}://{parts.netloc}" != self.base_url
            and request.url != "about:blank"
        ):
            self.complaints.append(f"request to another host: {request.url}")
