"""Where an agent stands: what is published, and whether its newest version is a draft that can be built on."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from retell.client import LATEST_PUBLISHED, ErrorKind, RetellClient, RetellError
from retell.deploying.changes import Change, Kind, change_of, changed_parts, parts_of
from retell.deploying.engines import Content, read
from retell.deploying.wanted import Wanted, applied


@dataclass(frozen=True, kw_only=True)
class Situation:
    """`live` is the published version, None where none ever was. `draft` is the newest version if it is open.

    `foreign` is what publishing the draft would bring besides what is wanted. An open draft that has fallen behind the
    published version and holds nobody's work is no draft here: it would undo what was published since.
    """

    live: Content | None
    draft: Content | None = None
    foreign: list[Change] = field(default_factory=list)

    @property
    def newest(self) -> Content:
        found = self.draft or self.live
        assert found is not None
        return found


def look(client: RetellClient, agent_id: str, ours: list[Wanted]) -> Situation:
    """`ours`: what is wanted, and what earlier attempts wanted. Raises RetellError, and Conflict as `read` does."""
    newest = read(client, agent_id)
    if newest.is_published:
        return Situation(live=newest)
    live = _existing(client, agent_id, LATEST_PUBLISHED)
    base = live if _is_base(live, newest) else _existing(client, agent_id, newest.agent.get("base_version"))
    edits = foreign_changes(base, newest, ours) if base else []
    if live is None:
        return Situation(live=None, draft=newest, foreign=[_never_published(newest), *edits])
    if _is_base(live, newest):
        return Situation(live=live, draft=newest, foreign=edits)
    if base is not None and not edits:
        return Situation(live=live)
    return Situation(live=live, draft=newest, foreign=foreign_changes(live, newest, ours))


def foreign_changes(base: Content, draft: Content, ours: list[Wanted]) -> list[Change]:
    """What the draft has changed of its base, but for what we have written or would write ourselves."""
    was, now = parts_of(base), parts_of(draft)
    written = [parts_of(applied(base, wanted)) for wanted in ours]
    return [
        change_of(part, was.get(part), now.get(part))
        for part in changed_parts(was, now)
        if all(parts.get(part) != now.get(part) for parts in written)
    ]


def _is_base(live: Content | None, draft: Content) -> bool:
    return live is not None and draft.agent.get("base_version") == live.version


def _existing(client: RetellClient, agent_id: str, version: int | str | None) -> Content | None:
    try:
        return None if version is None else read(client, agent_id, version)
    except RetellError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            return None
        raise


def _never_published(draft: Content) -> Change:
    words = _("The agent was never published: all of version %(version)s was made at Retell") % {
        "version": draft.version
    }
    return Change(kind=Kind.ENGINE, name="version", after=draft.version, words=words)
