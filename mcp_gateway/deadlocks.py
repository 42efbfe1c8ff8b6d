"""What a database does to one of two transactions that wait for each other: it is broken off whole, to be run again.

On MariaDB even single conditional updates can end so, since the optimiser may reach the row over an index whose
other entries belong to somebody else. SQLite lets writers wait for each other and knows no deadlock.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 5
DEADLOCK = 1213


def rerun_on_deadlock(work: Callable[P, T]) -> Callable[P, T]:
    """Run the function again when the database has broken it off. It must do nothing but database work."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        # Inside somebody's transaction all of that is gone: only who began it can run it again.
        tries = 1 if connection.in_atomic_block else TRIES
        for _ in range(tries - 1):
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                if error.args[:1] != (DEADLOCK,):
                    raise
        return work(*args, **kwargs)

    return run
