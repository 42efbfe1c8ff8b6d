"""States as people see them: a word with a symbol, so that nobody has to tell colours apart."""

from django.db.models import TextChoices
from django.utils.html import format_html
from django.utils.safestring import SafeString


class Look(TextChoices):
    """How a state looks; the value is the symbol."""

    GOOD = "✓"
    WAITS = "…"
    CARE = "!"
    BAD = "✕"
    QUIET = "–"


def badge(look: Look, text: object) -> SafeString:
    """The text, escaped, in the colours and with the symbol of the look."""
    return format_html(
        '<span class="badge badge-{}"><span aria-hidden="true">{}</span> {}</span>', look.name.lower(), look.value, text
    )
