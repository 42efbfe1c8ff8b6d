"""The audit trail as people read it: one sentence for each entry, and what was before and after.

An app says how its own actions are told with `register_phrases`; an action without a phrase is told by its name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from mcp_gateway import objects
from mcp_gateway.actors import display_names
from mcp_gateway.models import AuditEntry
from mcp_gateway.moments import moment
from mcp_gateway.viewing import LISTED, LOOKS, VIEWED

# By action; by its last part where no app has another phrase for it.
_phrases: dict[str, Any] = {
    "created": _("%(actor)s created %(object)s"),
    "changed": _("%(actor)s changed %(object)s"),
    "deleted": _("%(actor)s deleted %(object)s"),
    "restored": _("%(actor)s restored %(object)s"),
    "purged": _("%(actor)s deleted %(object)s for good"),
    "token.rotated": _("%(actor)s made a new token in place of an old one: %(object)s"),
    "token.revoked": _("%(actor)s revoked %(object)s"),
    "webhook_event.replayed": _("%(actor)s had %(object)s worked on once more"),
    "outbox_message.sent_again": _("%(actor)s had %(object)s sent again"),
    "breaker.reset": _("%(actor)s reset the circuit breaker %(key)s"),
    "console.called": _("%(actor)s called %(key)s on the console"),
    "long_action.started": _("%(actor)s started %(object)s"),
    "long_action.cancelled": _("%(actor)s called off %(object)s"),
    "long_action.ended": _("%(object)s has ended"),
    VIEWED: _("%(actor)s looked at %(object)s"),
    LISTED: _("%(actor)s looked at the list %(object)s"),
    "gateway.called": _("%(actor)s called %(key)s"),
    "retell.webhook_tested": _("%(actor)s tested the webhook of %(object)s"),
    "secrets.encrypted_anew": _("%(actor)s encrypted the secrets in %(key)s anew"),
    "rows.forgotten": _("%(actor)s deleted what was kept long enough: %(key)s"),
    "list.exported": _("%(actor)s exported the list %(object)s"),
}
_FALLBACK = _("%(actor)s: %(action)s, %(object)s")


@dataclass(frozen=True)
class Change:
    """One value before and after, as HTML or text to be escaped."""

    name: str
    before: SafeString | str
    after: SafeString | str


@dataclass(frozen=True)
class Told:
    """An entry with its sentence, for this reader: links only to what they may see."""

    entry: AuditEntry
    sentence: SafeString
    changes: list[Change]
    actor: str


def register_phrases(phrases: Mapping[str, Any]) -> None:
    """How actions are told: with %(actor)s, %(object)s (linked) and %(key)s, lazily translated."""
    _phrases.update(phrases)


def told(request: HttpRequest, entries: Iterable[AuditEntry]) -> list[Told]:
    """In one query more, whatever their number."""
    found = list(entries)
    names = display_names(entry.actor for entry in found)
    return [
        Told(entry, _sentence(request, entry, names[entry.actor]), changes(entry), names[entry.actor])
        for entry in found
    ]


def history_of(object_type: str, object_id: Any) -> QuerySet[AuditEntry]:
    """What happened to an object, the latest first; who only looked at it stands in the trail itself."""
    entries = AuditEntry.objects.filter(object_type=object_type, object_id=str(object_id))
    return entries.exclude(action__in=LOOKS)


def changes(entry: AuditEntry) -> list[Change]:
    """What differs between before and after; where nothing is left after, what there was."""
    names = list(entry.after or entry.before)
    return [
        Change(
            _label(entry, name),
            _value(entry, name, entry.before.get(name)),
            _value(entry, name, entry.after.get(name)),
        )
        for name in names
        if entry.before.get(name) != entry.after.get(name)
    ]


def _sentence(request: HttpRequest, entry: AuditEntry, actor: str) -> SafeString:
    phrase = _phrases.get(entry.action) or _phrases.get(entry.action.rpartition(".")[2]) or _FALLBACK
    words = {
        "actor": format_html("<b>{}</b>", actor),
        "object": objects.link(request, entry.object_type, entry.object_id),
        "key": entry.object_id,
        "action": entry.action,
    }
    text = str(phrase) % {name: conditional_escape(word) for name, word in words.items()}
    # Every word in it was escaped just now; the phrase is our own.
    return mark_safe(text)  # noqa: S308


def _field(entry: AuditEntry, name: str) -> Any:
    model = objects.model_called(entry.object_type)
    return next((field for field in model._meta.fields if field.name == name), None) if model else None


def _label(entry: AuditEntry, name: str) -> str:
    field = _field(entry, name)
    return str(capfirst(field.verbose_name)) if field else name


def _value(entry: AuditEntry, name: str, value: Any) -> SafeString | str:
    """States by their words, times in the reader's zone, the rest as it is."""
    if value is None or value == "":
        return "–"
    field = _field(entry, name)
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, str) and name.endswith("_at"):
        return moment(value)
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)
