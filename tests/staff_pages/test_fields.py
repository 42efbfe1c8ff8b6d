"""Fields of forms: what they are for, which may not be changed, and what is seen of secrets."""

from collections.abc import Iterator

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse
from django.utils.translation import override

from appointments.models import Call, Company
from tests.config.admin_places import Rows
from tests.staff_pages.every_page import staff
from tests.staff_pages.markup import Element, Page

pytestmark = pytest.mark.django_db
# Which say with their names all there is to say.
EVIDENT = {
    *("name", "first_name", "last_name", "company", "service", "permissions", "reason", "status", "assignee"),
    # Of a person who logs in, and a function that is switched on or off; Django's and Retell's own words.
    *("User.email", "FunctionForm.enabled"),
}
# A label that is a sentence by itself.
SENTENCE = 40


def forms_of_staff(user: User) -> Iterator[tuple[str, type[forms.BaseForm]]]:
    """Those of models, as who may do everything has them, and those of pages."""
    request = RequestFactory().get("/")
    request.user = user
    for model, model_admin in admin.site._registry.items():
        for row in (None, model()):
            may = model_admin.has_change_permission(request, row) if row else model_admin.has_add_permission(request)
            if may:
                yield model.__name__, model_admin.get_form(request, row)
        for inline in model_admin.get_inline_instances(request):
            yield inline.model.__name__, inline.get_formset(request).form
    assert get_resolver().url_patterns
    for form in subclasses(forms.BaseForm):
        if not form.__module__.startswith(("django", "mcp_gateway.schema_forms", "tests")) and form.base_fields:  # type: ignore[attr-defined]
            yield form.__name__, form


def subclasses(of: type) -> Iterator[type[forms.BaseForm]]:
    for one in of.__subclasses__():
        yield one
        yield from subclasses(one)


def unexplained(user: User) -> set[str]:
    return {
        f"{name}.{field_name}"
        for name, form in forms_of_staff(user)
        for field_name, field in form.base_fields.items()  # type: ignore[attr-defined]
        if not field.help_text
        and not isinstance(field.widget, forms.HiddenInput)
        and not {field_name, f"{name}.{field_name}"} & EVIDENT
        and len(str(field.label)) < SENTENCE
    }


def test_every_field_that_is_not_evident_is_explained(root: User) -> None:
    assert unexplained(root) == set()


def test_explanations_are_there_in_german(root: User) -> None:
    told = [
        field.help_text
        for _name, form in forms_of_staff(root)
        for field in form.base_fields.values()  # type: ignore[attr-defined]
        if field.help_text
    ]
    with override("en"):
        english = list(map(str, told))
    with override("de"):
        assert [text for text, german in zip(english, map(str, told), strict=True) if text == german] == []


def test_what_may_not_be_changed_is_no_field(root: User, rows: Rows) -> None:
    """Not one that is only switched off: text on a ground of its own."""
    path = reverse("admin:appointments_call_change", args=[rows[Call].pk])
    page = Page.read(path, staff("de", root).get(path).text)
    shown = [element for element in page.all("div") if "readonly" in element.classes]
    assert len(shown) > 10
    assert [field for one in shown for field in one.all("input", "select", "textarea")] == []


def a_secret(client: Client, company: Company, url: str) -> Element:
    company.retell_api_key = "key_0123456789abcdef"
    company.save()
    text = client.get(url).text
    assert "key_0123456789abcdef" not in text
    entry = next(one for one in Page.read(url, text).all("input") if one["name"].endswith("retell_api_key"))
    return next(around for around in entry.ancestors() if "secret" in around.classes)


@pytest.mark.parametrize(("language", "replace"), [("de", "Ersetzen: "), ("en", "Replace: ")])
@pytest.mark.parametrize("name", ["appointments_company_change", "portal_company"])
def test_of_a_secret_there_are_four_characters_and_a_way_to_replace_it(
    root: User, company: Company, name: str, language: str, replace: str
) -> None:
    secret = a_secret(staff(language, root), company, reverse(f"admin:{name}", args=[company.pk]))
    assert next(secret.all("code")).text == "••••cdef"
    details = next(secret.all("details"))
    assert "open" not in details.attributes
    assert next(details.all("summary")).text.startswith(replace)
    assert next(details.all("input"))["value"] == ""


def test_where_no_secret_is_stored_there_is_nothing_to_replace(root: User, company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(calcom_webhook_secret="")
    path = reverse("admin:appointments_company_change", args=[company.pk])
    page = Page.read(path, staff("de", root).get(path).text)
    entry = next(one for one in page.all("input") if one["name"] == "calcom_webhook_secret")
    assert not entry.is_within("details")


def test_the_transcript_can_be_copied(root: User, rows: Rows) -> None:
    call = rows[Call]
    call.transcript = "Agent: Guten Tag\nUser: <script>alert(1)</script>"
    call.save()
    path = reverse("admin:appointments_call_change", args=[call.pk])
    page = Page.read(path, staff("de", root).get(path).text)
    button = next(one for one in page.all("button") if one["data-copy"] == "#transcript")
    source = page.root.with_id("transcript")
    assert source is not None
    assert source.text == "Agent: Guten Tag User: <script>alert(1)</script>"
    assert (button.text, button["data-copied"]) == ("Kopieren : Mitschrift", "Kopiert")
