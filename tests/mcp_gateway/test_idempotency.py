"""Writes that are repeated: one key, one run, one answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from appointments.models import Company
from mcp_gateway.errors import (
    Conflict,
    DeadlineExceeded,
    GatewayError,
    InternalError,
    InvalidParams,
    NotFound,
    RateLimited,
    ServiceUnavailable,
    UpstreamError,
)
from mcp_gateway.idempotency import forget_old, once
from mcp_gateway.invocation import Invocation
from mcp_gateway.models import IdempotentAnswer
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Access, Context, MCPServer, Method, rpc
from tests.appointments.threads import at_once

KEY = "wish-1"


class Diary(MCPServer):
    """Notes what it was asked; does something `meanwhile`, and ends as `ends_with` says."""

    name = "diary"

    def __init__(self) -> None:
        self.noted: list[str] = []
        self.meanwhile: Callable[[], Any] = lambda: None
        self.ends_with: BaseException | None = None

    def note(self, text: str) -> dict[str, Any]:
        self.noted.append(text)
        self.meanwhile()
        if self.ends_with is not None:
            raise self.ends_with
        return {"number": len(self.noted), "text": text, "großes": ["💈", 1.5, None, 2**70]}

    @rpc("write", Access.WRITE)
    def write(self, context: Context, text: str = "", number: int = 0) -> dict[str, Any]:
        """Note something."""
        return self.note(text)

    @rpc("writeAnywhere", Access.WRITE, needs_company=False)
    def write_anywhere(self, context: Context, text: str = "") -> None:
        """Note something for nobody in particular."""
        self.note(text)

    @rpc("put", Access.WRITE, is_idempotent=True)
    def put(self, context: Context, text: str = "") -> dict[str, Any]:
        """Note something that may be noted twice."""
        return self.note(text)

    @rpc("read", Access.READ)
    def read(self, context: Context, text: str = "") -> dict[str, Any]:
        """Note that somebody reads."""
        return self.note(text)


Call = Callable[..., Any]


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def call(diary: Diary, company: Company) -> Call:
    """Call a method of the diary with an idempotency key."""
    by_default = Principal.of_vendor("retell", company.pk)

    def call(
        function: str = "write",
        key: str = KEY,
        principal: Principal = by_default,
        company: Company | None = company,
        **arguments: Any,
    ) -> Any:
        method = Method(diary, getattr(diary, function).declaration, getattr(diary, function))
        context = Context(principal=principal, company=company, correlation_id="c-1")
        invocation = Invocation(method=method, context=context, arguments=arguments, idempotency_key=key)
        return once(invocation, invocation.run)

    return call


def error_of(call: Callable[[], Any]) -> GatewayError:
    with pytest.raises(GatewayError) as raised:
        call()
    return raised.value


def content(error: GatewayError) -> tuple[Any, ...]:
    return type(error), error.message, error.kind, error.retryable, error.data


def leave_dead(diary: Diary, call: Call, function: str = "write") -> None:
    """A first call whose process died, two minutes and more ago."""
    diary.ends_with = SystemExit()
    with time_machine.travel(timezone.now() - timedelta(minutes=2, seconds=1)), pytest.raises(SystemExit):
        call(function)
    diary.ends_with = None


def test_a_repeat_gets_the_first_answer(call: Call, diary: Diary) -> None:
    first = call(text="Dienstag")
    assert call(text="Dienstag") == first
    assert diary.noted == ["Dienstag"]


def test_an_answer_of_nothing_is_an_answer_too(call: Call, diary: Diary) -> None:
    assert [call("write_anywhere", company=None), call("write_anywhere", company=None)] == [None, None]
    assert len(diary.noted) == 1


def test_the_order_of_arguments_does_not_matter(call: Call, diary: Diary) -> None:
    call(text="Dienstag", number=3)
    call(number=3, text="Dienstag")
    assert len(diary.noted) == 1


def test_other_arguments_are_refused(call: Call, diary: Diary) -> None:
    call(text="Dienstag")
    refused = error_of(lambda: call(text="Mittwoch"))
    assert (type(refused), refused.kind, refused.retryable) == (Conflict, "idempotency_mismatch", False)
    assert diary.noted == ["Dienstag"]


def test_other_keys_run(call: Call, diary: Diary) -> None:
    call(key="a")
    call(key="A")
    call(key="b")
    assert len(diary.noted) == 3


def test_without_a_key_everything_runs(call: Call, diary: Diary) -> None:
    call(key="")
    call(key="")
    assert len(diary.noted) == 2
    assert not IdempotentAnswer.objects.exists()


def test_reads_ignore_keys(call: Call, diary: Diary) -> None:
    call("read")
    call("read", key="no key at all")
    assert len(diary.noted) == 2
    assert not IdempotentAnswer.objects.exists()


def test_another_caller_has_keys_of_their_own(call: Call, diary: Diary) -> None:
    call()
    call(principal=Principal.of_task("retell"))
    call(principal=Principal.of_task("bookings"))
    assert len(diary.noted) == 3


def test_another_company_has_keys_of_its_own(call: Call, diary: Diary, other_company: Company) -> None:
    task = Principal.of_task("bookings")
    call(principal=task)
    call(principal=task, company=other_company)
    assert len(diary.noted) == 2


def test_a_vendor_has_keys_for_each_company_where_a_method_needs_none(
    call: Call, diary: Diary, company: Company, other_company: Company
) -> None:
    for caller in (company, other_company):
        call("write_anywhere", principal=Principal.of_vendor("retell", caller.pk), company=None)
    assert len(diary.noted) == 2


def test_another_method_has_keys_of_its_own(call: Call, diary: Diary) -> None:
    call("write")
    call("put")
    assert len(diary.noted) == 2


@pytest.mark.parametrize("key", ["!", "~" * 200, '{"a":1}'])
def test_keys_of_visible_ascii_are_taken(call: Call, key: str) -> None:
    assert call(key=key) == call(key=key)


@pytest.mark.parametrize("key", ["x" * 201, "a b", "schlüssel", "a\n", "\x00", "\x7f"])
def test_other_keys_are_refused(call: Call, diary: Diary, key: str) -> None:
    assert type(error_of(lambda: call(key=key))) is InvalidParams
    assert diary.noted == []


@pytest.mark.parametrize(
    "error",
    [
        Conflict("Taken already", kind="slot_taken", alternative="10:30"),
        NotFound(),
        InvalidParams(errors=[{"parameter": "date", "problem": "in the past"}]),
        UpstreamError("Look before repeating", kind="unknown_outcome"),
        DeadlineExceeded(kind="unknown_outcome"),
    ],
    ids=lambda error: f"{type(error).__name__} {error.kind}",
)
def test_a_definite_error_is_the_answer(call: Call, diary: Diary, error: GatewayError) -> None:
    diary.ends_with = error
    error_of(call)
    diary.ends_with = None
    assert content(error_of(call)) == content(error)
    assert len(diary.noted) == 1


@pytest.mark.parametrize(
    "error",
    [
        UpstreamError(),
        ServiceUnavailable(retry_after=3),
        RateLimited(retry_after=3),
        Conflict(retryable=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_after_a_passing_error_the_next_call_runs(call: Call, diary: Diary, error: GatewayError) -> None:
    diary.ends_with = error
    assert error_of(call) is error
    diary.ends_with = None
    assert call()["number"] == 2


@pytest.mark.parametrize("error", [RuntimeError("broken"), InternalError(), DeadlineExceeded()], ids=repr)
def test_a_call_that_broke_in_the_middle_is_not_run_again(call: Call, diary: Diary, error: Exception) -> None:
    diary.ends_with = error
    with pytest.raises(type(error)):
        call()
    diary.ends_with = None
    assert error_of(call).kind == "unknown_outcome"
    assert len(diary.noted) == 1


def test_an_idempotent_call_that_broke_in_the_middle_is_run_again(call: Call, diary: Diary) -> None:
    diary.ends_with = InternalError()
    error_of(lambda: call("put"))
    diary.ends_with = None
    assert call("put")["number"] == 2


def test_while_the_first_call_runs_a_repeat_is_sent_away(call: Call, diary: Diary) -> None:
    refusals: list[GatewayError] = []
    diary.meanwhile = lambda: refusals.append(error_of(call))
    call()
    (refused,) = refusals
    assert (type(refused), refused.kind, refused.retryable) == (Conflict, "in_flight", True)
    assert refused.data["retry_after"] >= 1
    assert len(diary.noted) == 1


def test_a_call_that_died_just_now_may_still_run(call: Call, diary: Diary) -> None:
    diary.ends_with = SystemExit()
    with pytest.raises(SystemExit):
        call()
    assert error_of(call).kind == "in_flight"


def test_how_a_call_that_died_has_ended_is_not_known(call: Call, diary: Diary) -> None:
    leave_dead(diary, call)
    told = [error_of(call) for _ in range(2)]
    assert [(type(error), error.kind, error.retryable) for error in told] == [
        (UpstreamError, "unknown_outcome", False),
    ] * 2
    assert len(diary.noted) == 1


def test_an_idempotent_call_that_died_is_run_again_once(call: Call, diary: Diary) -> None:
    leave_dead(diary, call, "put")
    assert call("put") == call("put")
    assert len(diary.noted) == 2


def test_while_a_dead_call_is_run_again_a_repeat_is_sent_away(call: Call, diary: Diary) -> None:
    leave_dead(diary, call, "put")
    refusals: list[GatewayError] = []
    diary.meanwhile = lambda: refusals.append(error_of(lambda: call("put")))
    call("put")
    assert [error.kind for error in refusals] == ["in_flight"]


def test_a_call_that_was_only_slow_is_known_in_the_end(call: Call, diary: Diary) -> None:
    kinds: list[str] = []

    def three_minutes_later() -> None:
        with time_machine.travel(timezone.now() + timedelta(minutes=3)):
            kinds.append(error_of(call).kind)

    diary.meanwhile = three_minutes_later
    first = call()
    assert kinds == ["unknown_outcome"]
    assert call() == first


def test_a_day_later_a_key_is_as_good_as_new(call: Call, diary: Diary) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as clock:
        call(text="Dienstag")
        clock.shift(timedelta(hours=24))
        call(text="Dienstag")
        clock.shift(timedelta(seconds=1))
        assert call(text="Mittwoch")["number"] == 2


def test_a_sweep_forgets_what_is_a_day_old(call: Call) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as clock:
        call(key="old")
        clock.shift(timedelta(hours=12))
        call(key="new")
        clock.shift(timedelta(hours=12, seconds=1))
        assert [forget_old(), forget_old()] == [1, 0]
    assert IdempotentAnswer.objects.count() == 1


def test_the_row_holds_no_arguments(call: Call) -> None:
    call("write_anywhere", company=None, text="+493012345678")
    (row,) = IdempotentAnswer.objects.values()
    assert "+493012345678" not in str(row)
    assert KEY not in str(row)


def test_the_row_tells_whose_call_it_was(call: Call, company: Company) -> None:
    call()
    row = IdempotentAnswer.objects.get()
    assert (row.principal, row.method, row.company, row.correlation_id) == ("retell", "diary.write", company, "c-1")


def test_the_row_stands_before_the_method_runs(transactional_db: None, call: Call, diary: Diary) -> None:
    seen: list[bool] = []
    diary.meanwhile = lambda: seen.extend(at_once(1, lambda _: IdempotentAnswer.objects.exists()))
    call()
    assert seen == [True]


def test_inside_a_transaction_nothing_runs(transactional_db: None, call: Call, diary: Diary) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        call()
    assert diary.noted == []


def test_an_answer_that_can_not_be_stored_is_given_all_the_same(
    transactional_db: None, call: Call, diary: Diary
) -> None:
    def lose_the_table() -> None:
        with connection.schema_editor() as editor:
            editor.alter_db_table(IdempotentAnswer, "idempotent_answers", "moved")

    diary.meanwhile = lose_the_table
    try:
        assert call()["number"] == 1
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(IdempotentAnswer, "moved", "idempotent_answers")
    assert error_of(call).kind == "in_flight"


def test_of_many_at_once_one_runs(transactional_db: None, call: Call, diary: Diary) -> None:
    def outcome(_: int) -> Any:
        try:
            return call(text="Dienstag")["number"]
        except Conflict as refused:
            return refused.kind

    outcomes = at_once(8, outcome)
    assert diary.noted == ["Dienstag"]
    assert set(outcomes) <= {1, "in_flight"}
    assert 1 in outcomes


def test_of_many_that_take_over_at_once_one_runs(transactional_db: None, call: Call, diary: Diary) -> None:
    leave_dead(diary, call, "put")

    def outcome(_: int) -> Any:
        try:
            return call("put")["number"]
        except Conflict as refused:
            return refused.kind

    outcomes = at_once(8, outcome)
    assert len(diary.noted) == 2
    assert set(outcomes) <= {2, "in_flight"}
