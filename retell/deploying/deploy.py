"""Deploying: look, make or take a draft, write functions and settings, publish, read back, see to the numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from mcp_gateway.errors import Conflict, DeadlineExceeded, GatewayError, UpstreamError
from mcp_gateway.principal import Principal
from retell.addresses import function_url, inbound_url
from retell.client import READ_SECONDS, ErrorKind, RetellClient, RetellError
from retell.deploying import ledger, numbers
from retell.deploying.changes import Kind, changed_parts, changes, parts_of
from retell.deploying.drafts import Situation, foreign_changes, look
from retell.deploying.engines import Content, Json, read
from retell.deploying.lease import leased
from retell.deploying.report import Deployed, Status, Step, blame
from retell.deploying.tools import dangling
from retell.deploying.wanted import Wanted, applied, attempted_of, wanted_of
from retell.models import RetellConfiguration
from retell.webhook_urls import validate_webhook_url

# Nobody begins, or publishes, who could not wait for the answer, and look what became of it where none comes.
PUBLISHING_SECONDS = 2 * READ_SECONDS


@dataclass(frozen=True, kw_only=True)
class Order:
    """What else is to be done, or left."""

    dry_run: bool = False
    accept_foreign_changes: bool = False
    move_numbers: bool = False
    set_inbound_webhook: bool = False


def deploy_all(
    client: RetellClient, configurations: Sequence[RetellConfiguration], order: Order, by: Principal
) -> list[Deployed]:
    """One row per agent. Raises RetellError where the account can't be reached at all: then nothing was done."""
    lines = client.phone_numbers()
    return [deploy(client, configuration, lines, order, by) for configuration in configurations]


def deploy(
    client: RetellClient, configuration: RetellConfiguration, lines: Sequence[Json], order: Order, by: Principal
) -> Deployed:
    """`lines`: the account's phone numbers. What goes wrong stands in the row."""
    row = Deployed(agent_id=configuration.agent_id)
    with _told_in(row), nullcontext() if order.dry_run else leased(configuration):
        configuration.refresh_from_db()
        wanted = wanted_of(configuration)
        row.functions = list(wanted.functions)
        _refuse_private_addresses(configuration, wanted)
        _bring_up_to_date(client, configuration, wanted, order, by, row)
        row.step = Step.NUMBERS
        row.numbers = numbers.lines_of(lines, configuration, row.live_version)
        if not order.dry_run:
            _see_to_numbers(client, configuration, order, by, row)
        row.success, row.step = True, None
    return row


@contextmanager
def _told_in(row: Deployed) -> Iterator[None]:
    try:
        yield
    except (RetellError, GatewayError) as error:
        blame(row, error)


def _bring_up_to_date(
    client: RetellClient,
    configuration: RetellConfiguration,
    wanted: Wanted,
    order: Order,
    by: Principal,
    row: Deployed,
) -> None:
    situation = look(client, configuration.agent_id, [wanted, *attempted_of(configuration)])
    row.live_version = situation.live.version if situation.live else None
    row.draft_version = situation.draft.version if situation.draft else None
    if situation.live and not changes(situation.live, applied(situation.live, wanted)):
        row.status = Status.UP_TO_DATE
        if not order.dry_run:
            ledger.found_live(configuration, wanted, row, by)
        return
    target = applied(situation.newest, wanted)
    row.changes = changes(situation.newest, target)
    row.foreign_changes = situation.foreign
    row.dangling_nodes = dangling(target.kind, target.engine)
    if situation.foreign and not order.accept_foreign_changes:
        raise _foreign()
    if order.dry_run:
        row.status = Status.WOULD_DEPLOY
        return
    _carry_out(client, configuration, situation, wanted, order, row)
    ledger.deployed(configuration, row, by)
    row.status = Status.DEPLOYED


def _carry_out(
    client: RetellClient,
    configuration: RetellConfiguration,
    situation: Situation,
    wanted: Wanted,
    order: Order,
    row: Deployed,
) -> None:
    _refuse_haste(client)
    row.step = Step.DRAFT
    draft = _open_draft(client, situation, wanted, order, row)
    row.step = Step.FUNCTIONS
    ledger.attempts(configuration, wanted)
    _write_engine(client, draft, wanted)
    row.step = Step.SETTINGS
    _write_settings(client, draft, wanted)
    row.step = Step.PUBLISH
    _publish(client, draft, row)
    live_before, row.live_version, row.draft_version = row.live_version, draft.version, None
    row.step = Step.CHECK
    live = read(client, configuration.agent_id, draft.version)
    if not live.is_published:
        row.step, row.live_version, row.draft_version = Step.PUBLISH, live_before, draft.version
        raise UpstreamError(_("Retell took the version, but has not published it"), kind="not_published")
    _refuse_other_content(live, wanted)


def _open_draft(client: RetellClient, situation: Situation, wanted: Wanted, order: Order, row: Deployed) -> Content:
    """The newest draft, or a new one where there is none, or where another agent has published its engine's version."""
    base = situation.newest
    if base.is_open:
        return base
    agent_id = str(base.agent["agent_id"])
    try:
        made = client.create_agent_version(agent_id, base.version)
    except RetellError:
        with suppress(RetellError):
            newest = client.agent(agent_id)
            row.draft_version = None if newest.get("is_published") else int(newest["version"])
        raise
    row.draft_version = int(made["version"])
    draft = read(client, agent_id, row.draft_version)
    if not draft.is_open:
        raise Conflict(_("The draft that Retell made can't be written"), kind="draft_not_open")
    # Made from its base it should say and do the same; what somebody did in this very moment is theirs.
    row.foreign_changes += [
        change for change in foreign_changes(base, draft, [wanted]) if change.kind in (Kind.FUNCTION, Kind.PROMPT)
    ]
    if row.foreign_changes and not order.accept_foreign_changes:
        raise _foreign()
    return draft


def _write_engine(client: RetellClient, draft: Content, wanted: Wanted) -> None:
    kind, target = draft.kind, applied(draft, wanted)
    if all(part_kind is Kind.SETTING for part_kind, _name in changed_parts(parts_of(draft), parts_of(target))):
        return
    fields = (kind.prompt, kind.tools, kind.holders)
    changed = {name: target.engine[name] for name in fields if target.engine.get(name) != draft.engine.get(name)}
    client.update_engine(kind.noun, draft.engine_id, draft.engine_version, changed)


def _write_settings(client: RetellClient, draft: Content, wanted: Wanted) -> None:
    differing = changed_parts(parts_of(draft), parts_of(applied(draft, wanted)))
    changed = {name: wanted.agent[name] for kind, name in differing if kind is Kind.SETTING}
    if changed:
        client.update_agent(str(draft.agent["agent_id"]), draft.version, changed)


def _publish(client: RetellClient, draft: Content, row: Deployed) -> None:
    """Whether a lost answer meant yes is looked up, not guessed."""
    agent_id = str(draft.agent["agent_id"])
    _refuse_haste(client)
    try:
        client.publish(agent_id, draft.version)
    except RetellError as error:
        live_before = row.live_version
        if error.kind is ErrorKind.UNREACHABLE:
            row.live_version = None
        if not client.agent(agent_id, draft.version).get("is_published"):
            row.live_version = live_before
            raise


def _refuse_haste(client: RetellClient) -> None:
    if client.seconds_left() < PUBLISHING_SECONDS:
        raise DeadlineExceeded


def _refuse_other_content(live: Content, wanted: Wanted) -> None:
    if differing := changes(live, applied(live, wanted)):
        message = _("Retell published something else than was written: %(differences)s")
        told = "; ".join(change.words for change in differing)
        raise UpstreamError(message % {"differences": told}, kind="not_as_written")


def _see_to_numbers(
    client: RetellClient, configuration: RetellConfiguration, order: Order, by: Principal, row: Deployed
) -> None:
    version = row.live_version
    for line in row.numbers:
        if order.move_numbers and line.is_behind and version is not None:
            numbers.move(client, line, configuration.agent_id, version)
            ledger.number_changed(configuration, line, {line.direction: version}, by)
            row.touched_numbers.append(line.phone_number)
        if order.set_inbound_webhook and line.asks_us is False:
            numbers.ask_us(client, line.phone_number, configuration)
            ledger.number_changed(configuration, line, {"inbound_webhook_url": inbound_url(configuration)}, by)
            row.touched_numbers.append(line.phone_number)
    if row.touched_numbers:
        row.touched_numbers = sorted(set(row.touched_numbers))
        known = sorted({line.phone_number for line in row.numbers})
        row.numbers = numbers.lines_of([client.phone_number(one) for one in known], configuration, version)


def _refuse_private_addresses(configuration: RetellConfiguration, wanted: Wanted) -> None:
    for url in (function_url(configuration), wanted.agent["webhook_url"]):
        try:
            validate_webhook_url(url)
        except ValidationError as error:
            told = {"url": url, "reason": " ".join(error.messages)}
            raise Conflict(_("Retell can't use %(url)s: %(reason)s") % told, kind="address_not_public") from None


def _foreign() -> Conflict:
    message = _("Somebody has changed the open draft at Retell: deploying would publish that too")
    return Conflict(message, kind="foreign_changes")
