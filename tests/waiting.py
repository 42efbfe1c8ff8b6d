"""Waiting for what other processes and threads do, without guessing how long that takes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.05


def eventually(check: Callable[[], T], *, seconds: float = 20, what: str) -> T:
    """The first truthy value of `check`, which is tried at least once; an exception of it counts as "not yet".

    AssertionError when the time is up, naming `what` and the last value or exception.
    """
    __tracebackhide__ = True
    deadline = time.monotonic() + seconds
    while True:
        cause: Exception | None = None
        try:
            if value := check():
                return value
            last = f"last value: {value!r}"
        except Exception as error:
            cause, last = error, f"last error: {error!r}"
        if time.monotonic() >= deadline:
            raise AssertionError(f"Not within {seconds:g} s: {what} ({last})") from cause
        time.sleep(_PAUSE_SECONDS)
