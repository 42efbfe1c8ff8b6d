"""A deployment's row of one agent, as pages show it."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from appointments.models import Company
from retell.deploying.report import Status
from retell.models import RetellConfiguration

# How each outcome looks, and how it is called.
LOOKS = {
    Status.DEPLOYED: ("good", gettext_lazy("deployed")),
    Status.UP_TO_DATE: ("good", gettext_lazy("up to date")),
    Status.WOULD_DEPLOY: ("waits", gettext_lazy("would be deployed")),
    Status.REFUSED: ("care", gettext_lazy("not deployed")),
    Status.FAILED: ("bad", gettext_lazy("failed")),
}


def shown(company: Company, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with the look and label of their status, and the way to their agent."""
    pks = dict(RetellConfiguration.objects.filter(company=company).values_list("agent_id", "pk"))
    return [_shown(row, pks.get(row["agent_id"])) for row in rows]


def _shown(row: dict[str, Any], pk: int | None) -> dict[str, Any]:
    look, label = LOOKS[Status(row["status"])]
    words = list(dict.fromkeys(line["words"] for line in row["numbers"] if line["words"]))
    return {
        **row,
        "look": look,
        "label": label,
        "url": reverse("admin:retell_agent", args=[pk]) if pk else "",
        "number_words": words,
    }
