"""The second factor's apps move from the table of django-otp, which had their secrets in clear, and back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from mcp_gateway.models import Authenticator
from tests.mcp_gateway.test_authenticators import SECRET, code, logged_in, stored

pytestmark = pytest.mark.django_db(transaction=True)
MOVED = {
    "name": "app",
    "confirmed": True,
    "drift": 1,
    "throttling_failure_count": 2,
    "throttling_failure_timestamp": timezone.now().replace(microsecond=0),
    "last_used_at": timezone.now().replace(microsecond=0) - timedelta(days=1),
    "created_at": timezone.now().replace(microsecond=0) - timedelta(days=30),
}


def migrated_to(name: str) -> Any:
    """The models as they were then."""
    executor = MigrationExecutor(connection)
    return executor.migrate([("mcp_gateway", name)]).apps


@pytest.fixture(autouse=True)
def _restored(transactional_db: None) -> Iterator[None]:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.fixture
def before(transactional_db: None) -> Any:
    """The state before, with the app that somebody had set up."""
    user = User.objects.create_superuser("erika")
    apps = migrated_to("0009_filtered_by_error")
    device = apps.get_model("otp_totp", "TOTPDevice").objects
    device.create(user_id=user.pk, key=SECRET, last_t=7, **MOVED)
    device.update(created_at=MOVED["created_at"])
    return apps


def test_a_device_moves_with_all_that_is_known_of_it(before: Any) -> None:
    migrated_to("0010_authenticators")
    app = Authenticator.objects.get()
    assert {name: getattr(app, name) for name in MOVED} == MOVED
    assert (app.user.username, app.secret, app.last_step) == ("erika", SECRET, 7)


def test_nothing_stays_behind_in_clear(before: Any) -> None:
    assert SECRET in stored("otp_totp_totpdevice")
    migrated_to("0010_authenticators")
    assert stored("otp_totp_totpdevice") in ("[]", "()")
    assert SECRET not in stored("authenticators")


def test_the_phone_opens_afterwards(before: Any) -> None:
    migrated_to("0010_authenticators")
    browser = logged_in(User.objects.get())
    assert browser.get("/admin/").status_code == 302
    browser.post("/admin/second-factor/", {"code": code(steps=1)})
    assert browser.get("/admin/").status_code == 200


def test_and_back(before: Any) -> None:
    migrated_to("0010_authenticators")
    device = migrated_to("0009_filtered_by_error").get_model("otp_totp", "TOTPDevice").objects.get()
    assert {name: getattr(device, name) for name in MOVED} == MOVED
    assert (device.user_id, device.key, device.last_t) == (User.objects.get().pk, SECRET, 7)
