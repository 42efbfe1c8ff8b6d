"""How long to wait before trying again."""

import random
from datetime import timedelta

STEPS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600))
JITTER = 0.2
# Who is asked to wait before anything was tried does so for as long as all tries would take, without using one up.
PATIENCE = sum(STEPS, timedelta())


def delay_after(attempts: int) -> timedelta | None:
    """The wait after this many failed attempts, up to a fifth longer by chance; None: give up."""
    if attempts > len(STEPS):
        return None
    return spread(STEPS[attempts - 1])


def spread(delay: timedelta) -> timedelta:
    """The delay, up to a fifth longer by chance: those who wait for the same do not all come back at once."""
    return delay * (1 + JITTER * random.random())  # noqa: S311  (spreads load, protects nothing)
