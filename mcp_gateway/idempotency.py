"""Writes that a client may repeat: one key, one run, one answer.

A key is bound to its principal, company and method. `once` commits a row for it before the method runs:

- The same key with the same arguments gets the stored answer, a result or a definite error alike; with other
  arguments it is refused (Conflict, "idempotency_mismatch").
- While the first call runs, a repeat is refused (Conflict, "in_flight", retryable).
- An error that says that nothing was done (RateLimited, ServiceUnavailable, UpstreamError, whatever is retryable)
  frees the key: the next call runs.
- "unknown_outcome" frees nothing. Nobody knows whether the method took effect, so the key keeps saying so, and only
  somebody who has looked repeats the wish, under a new key. A method that broke, ran out of time or died on its way
  (no answer within LEASE) counts as that too, unless it is idempotent: then the next call runs it again.

Answers are kept for KEPT; then a key is as good as new.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop
from pydantic_core import to_jsonable_python

from mcp_gateway.errors import (
    Conflict,
    DeadlineExceeded,
    GatewayError,
    InternalError,
    InvalidParams,
    RateLimited,
    ServiceUnavailable,
    UpstreamError,
)
from mcp_gateway.invocation import Invocation
from mcp_gateway.logs import log_failure
from mcp_gateway.models import IdempotentAnswer
from mcp_gateway.registry import Access

logger = logging.getLogger(__name__)

KEY = re.compile(r"[!-~]{1,200}")
LEASE = timedelta(minutes=2)
KEPT = timedelta(hours=24)
IN_FLIGHT_RETRY_SECONDS = 2
UNKNOWN_OUTCOME = "unknown_outcome"

NOT_DEFINITE = (UpstreamError, InternalError, DeadlineExceeded, ServiceUnavailable, RateLimited)
# Each code's most general error; ServiceUnavailable shares InternalError's, which a client can't tell apart.
ERROR_OF_CODE = {error.code: error for error in reversed(GatewayError.__subclasses__())}


def once(invocation: Invocation, run: Callable[[], Any]) -> Any:
    """`run()`, or what it gave to an earlier call with the same key; reads and calls without a key just run.

    Must not be called inside a transaction: the key has to outlive whatever happens to the method. Raises
    InvalidParams for a key that is not 1 to 200 visible ASCII characters, and Conflict and UpstreamError as above.
    """
    if not invocation.idempotency_key or invocation.method.declaration.access is Access.READ:
        return run()
    if not KEY.fullmatch(invocation.idempotency_key):
        raise InvalidParams(gettext_noop("An idempotency key has 1 to 200 visible ASCII characters"))
    row = _new_row(invocation)
    is_idempotent = invocation.method.declaration.is_idempotent
    if _insert(row):
        return _settled(row, run, is_idempotent=is_idempotent)
    earlier = _earlier(row)
    if earlier.answer:
        return _told(json.loads(earlier.answer))
    _take_over(earlier, is_idempotent=is_idempotent)
    return _settled(earlier, run, is_idempotent=is_idempotent)


def forget_old() -> int:
    """Delete the answers that were kept long enough; returns how many."""
    return _old().delete()[0]


def _new_row(invocation: Invocation) -> IdempotentAnswer:
    now = timezone.now()
    return IdempotentAnswer(
        identity=_identity(invocation),
        arguments_hash=_arguments_hash(invocation.arguments),
        leased_until=now + LEASE,
        created_at=now,
        principal=invocation.principal.name,
        method=invocation.method.name,
        company_id=invocation.company_id,
        correlation_id=invocation.context.correlation_id,
    )


def _identity(invocation: Invocation) -> str:
    principal, company_id = invocation.principal, invocation.company_id
    # A vendor goes by one name for all companies, also where a method needs none.
    companies = sorted(principal.companies or ()) if company_id is None else [company_id]
    parts = [principal.kind, principal.name, companies, invocation.method.name, invocation.idempotency_key]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _arguments_hash(arguments: Mapping[str, Any]) -> str:
    """The same for arguments in any order. Keyed: a bare hash of a phone number is soon guessed."""
    canonical = json.dumps(to_jsonable_python(dict(arguments)), sort_keys=True)
    return salted_hmac("mcp_gateway.idempotency", canonical, algorithm="sha256").hexdigest()


def _insert(row: IdempotentAnswer) -> bool:
    """Commit the row; False if its key has one."""
    try:
        with transaction.atomic(durable=True):
            _old().filter(identity=row.identity).delete()
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _earlier(row: IdempotentAnswer) -> IdempotentAnswer:
    """The row that has the key already; raises Conflict where it was for other arguments."""
    found = IdempotentAnswer.objects.filter(identity=row.identity).first()
    if found is None:  # freed since
        raise _in_flight()
    if found.arguments_hash != row.arguments_hash:
        raise Conflict(gettext_noop("This idempotency key was used with other arguments"), kind="idempotency_mismatch")
    return found


def _take_over(row: IdempotentAnswer, *, is_idempotent: bool) -> None:
    """Make the row of a call that died ours; raises where it may still run or must not run again."""
    now = timezone.now()
    if row.leased_until > now:
        raise _in_flight()
    if not is_idempotent:
        raise _unknown_outcome()
    unclaimed = IdempotentAnswer.objects.filter(pk=row.pk, answer="", leased_until=row.leased_until)
    if not unclaimed.update(leased_until=now + LEASE):
        raise _in_flight()


def _in_flight() -> Conflict:
    return Conflict(
        gettext_noop("The first call with this idempotency key is still running"),
        kind="in_flight",
        retryable=True,
        retry_after=IN_FLIGHT_RETRY_SECONDS,
    )


def _unknown_outcome() -> UpstreamError:
    message = gettext_noop("It is not known how the first call with this idempotency key ended: look before repeating")
    return UpstreamError(message, kind=UNKNOWN_OUTCOME)


def _settled(row: IdempotentAnswer, run: Callable[[], Any], *, is_idempotent: bool) -> Any:
    try:
        result = run()
    except Exception as error:
        if isinstance(error, GatewayError) and _is_definite(error):
            _keep(row, {"error": _content(error)})
        elif _leaves_doubt(error) and not is_idempotent:
            _keep(row, {"error": _content(_unknown_outcome())})
        else:
            _free(row)
        raise
    _keep(row, {"result": result})
    return result


def _leaves_doubt(error: Exception) -> bool:
    """Whether the method stopped somewhere in the middle, nobody knows where."""
    return isinstance(error, InternalError | DeadlineExceeded) or not isinstance(error, GatewayError)


def _is_definite(error: GatewayError) -> bool:
    return error.kind == UNKNOWN_OUTCOME or not (error.retryable or isinstance(error, NOT_DEFINITE))


def _content(error: GatewayError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "kind": error.kind,
        "retryable": error.retryable,
        "data": error.data,
    }


def _told(answer: dict[str, Any]) -> Any:
    """The result of a stored answer; raises its error."""
    if "error" not in answer:
        return answer["result"]
    error = answer["error"]
    raise ERROR_OF_CODE[error["code"]](
        error["message"], kind=error["kind"], retryable=error["retryable"], **error["data"]
    )


def _keep(row: IdempotentAnswer, answer: dict[str, Any]) -> None:
    text = json.dumps(answer)
    _record(lambda: _row(row).update(answer=text))


def _free(row: IdempotentAnswer) -> None:
    _record(lambda: _row(row).delete())


def _record(change: Callable[[], object]) -> None:
    """A database that fails now takes nothing back: the call has ended as it did, its key will say "unknown"."""
    try:
        change()
    except AnyDatabaseError as error:
        log_failure(logger, "How a call with an idempotency key ended was not stored", error)


def _row(row: IdempotentAnswer) -> models.QuerySet[IdempotentAnswer]:
    return IdempotentAnswer.objects.filter(pk=row.pk)


def _old() -> models.QuerySet[IdempotentAnswer]:
    return IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT)
