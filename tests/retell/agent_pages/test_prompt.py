"""The prompt: written, previewed, compared, rolled back; nobody overwrites anybody."""

import pytest
from django.test import Client

from appointments.models import Company
from mcp_gateway.models import AuditEntry
from retell.agent_pages.prompt import difference, fill
from retell.models import RetellConfiguration
from tests.factories import make_configuration, make_service
from tests.retell.agent_pages.conftest import as_user, at, person


@pytest.fixture
def here(company: Company) -> RetellConfiguration:
    return make_configuration(company)


@pytest.fixture
def url(here: RetellConfiguration) -> str:
    return at("retell_prompt", here.pk)


def texts(configuration: RetellConfiguration) -> list[str]:
    """All versions, the newest first."""
    return list(configuration.prompt_versions.values_list("text", flat=True))


def test_what_is_written_is_a_version_by_name(admin: Client, here: RetellConfiguration, url: str) -> None:
    assert admin.post(url, {"prompt": "One.\r\nTwo.", "base": 0}).status_code == 302
    here.refresh_from_db()
    assert here.prompt_template == "One.\nTwo."
    page = admin.get(url)
    assert [author for _version, author in page.context["versions"]] == [f"admin-of-{here.company.slug}"]


def test_saving_the_same_twice_makes_one_version(admin: Client, here: RetellConfiguration, url: str) -> None:
    for _ in range(2):
        assert admin.post(url, {"prompt": "One.", "base": 0}).status_code == 302
    assert texts(here) == ["One."]


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(
    admin: Client, here: RetellConfiguration, url: str
) -> None:
    admin.post(url, {"prompt": "Theirs.", "base": 0})
    page = admin.post(url, {"prompt": "Mine.", "base": 0})
    assert "version 1 meanwhile" in page.text
    assert "Mine." in page.text
    assert texts(here) == ["Theirs."]
    admin.post(url, {"prompt": "Mine.", "base": page.context["form"]["base"].value()})
    assert texts(here) == ["Mine.", "Theirs."]


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_template_is_offered_and_not_saved(admin: Client, here: RetellConfiguration, url: str, language: str) -> None:
    make_service(here.company, name="Dauerwelle")
    text = admin.get(url, {"template": language}).context["form"].initial["prompt"]
    assert "Dauerwelle" in text
    assert texts(here) == []


def test_the_two_templates_differ(admin: Client, url: str) -> None:
    german, english = (admin.get(url, {"template": one}).context["form"].initial["prompt"] for one in ("de", "en"))
    assert german != english


def test_the_preview_fills_in_a_sample_caller_and_keeps_nothing(
    admin: Client, here: RetellConfiguration, url: str
) -> None:
    page = admin.post(url, {"prompt": "Hello {{customer_name}}, {{ shoe_size }}!", "base": 0, "preview": "1"})
    assert page.context["filled"] == "Hello Erika Beispiel, {{ shoe_size }}!"
    assert page.context["unknown"] == ["shoe_size"]
    assert texts(here) == []


def test_the_template_names_no_variable_that_nobody_fills_in(admin: Client, url: str) -> None:
    assert admin.get(url, {"template": "de"}).context["unknown"] == []


def test_two_versions_are_compared_line_by_line(admin: Client, here: RetellConfiguration, url: str) -> None:
    admin.post(url, {"prompt": "Greet.\nAsk.", "base": 0})
    admin.post(url, {"prompt": "Greet.\nListen.", "base": 1})
    page = admin.get(at("retell_prompt_compare", here.pk), {"before": 1, "after": 2})
    assert [(line.sign, line.text) for line in page.context["lines"]] == [
        (" ", "Greet."),
        ("-", "Ask."),
        ("+", "Listen."),
    ]
    assert "added:" in page.text
    assert "removed:" in page.text


@pytest.mark.parametrize("numbers", [{}, {"before": "1"}, {"before": "x", "after": "1"}, {"before": 1, "after": 9**12}])
def test_versions_that_do_not_exist_can_not_be_compared(
    admin: Client, here: RetellConfiguration, url: str, numbers: dict[str, object]
) -> None:
    admin.post(url, {"prompt": "One.", "base": 0})
    assert admin.get(at("retell_prompt_compare", here.pk), numbers).status_code == 404


def test_rolling_back_makes_a_new_version_after_a_question(admin: Client, here: RetellConfiguration, url: str) -> None:
    admin.post(url, {"prompt": "One.", "base": 0})
    admin.post(url, {"prompt": "Two.", "base": 1})
    asked = at("retell_prompt_roll_back", here.pk, 1)
    assert "One." in admin.get(asked).text
    assert texts(here) == ["Two.", "One."]
    for _ in range(2):
        assert admin.post(asked).status_code == 302
    assert texts(here) == ["One.", "Two.", "One."]
    assert AuditEntry.objects.filter(action="retell.prompt_written").count() == 3


def test_a_version_that_does_not_exist_is_not_there(admin: Client, here: RetellConfiguration) -> None:
    assert admin.post(at("retell_prompt_roll_back", here.pk, 7)).status_code == 404


def test_another_companys_prompt_is_not_touched(admin: Client, other_company: Company) -> None:
    theirs = make_configuration(other_company, prompt_template="Theirs.")
    theirs.prompt_versions.create(number=1, text="Theirs.", author="x")
    assert admin.post(at("retell_prompt", theirs.pk), {"prompt": "x", "base": 0}).status_code == 404
    assert admin.get(at("retell_prompt_compare", theirs.pk), {"before": 1, "after": 1}).status_code == 404
    assert admin.post(at("retell_prompt_roll_back", theirs.pk, 1)).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_only_look_reads_it(company: Company, here: RetellConfiguration, url: str, role: str) -> None:
    client = as_user(person(company, role))
    page = client.get(url)
    assert page.status_code == 200
    assert "<textarea" not in page.text
    assert client.post(url, {"prompt": "x", "base": 0}).status_code == 403
    assert client.post(at("retell_prompt_roll_back", here.pk, 1)).status_code == 403


def test_a_prompt_is_text(admin: Client, here: RetellConfiguration, url: str) -> None:
    admin.post(url, {"prompt": "</textarea></pre><script>alert(1)</script>", "base": 0})
    compared = admin.get(at("retell_prompt_compare", here.pk), {"before": 1, "after": 1}).text
    for page in (admin.get(url).text, compared):
        assert "<script>alert" not in page


def test_it_is_there_in_german(company: Company, url: str) -> None:
    page = as_user(person(company, "admin"), "de").get(url).text
    assert "Noch keine: Die erste entsteht beim Speichern." in page


def test_a_variable_keeps_its_braces_where_nobody_fills_it_in() -> None:
    assert fill("{{a}} {{ b }} {{b}}", {"a": "1"}) == ("1 {{ b }} {{b}}", ["b"])


def test_a_long_prompt_of_equal_lines_is_compared() -> None:
    lines = list(difference("same\n" * 3000, "same\n" * 3000 + "new"))
    assert [line.sign for line in lines] == [" "] * 3000 + ["+"]
