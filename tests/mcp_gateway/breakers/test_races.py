"""What another does between a look at the breaker and the lease."""

from collections.abc import Callable

import pytest
import time_machine

from mcp_gateway.breaker_storage import Lease, MemoryStorage
from mcp_gateway.circuit import Circuit, Outcome
from mcp_gateway.errors import ServiceUnavailable


class ContestedStorage(MemoryStorage):
    """Somebody else comes first, once."""

    first: Callable[[], None] | None = None

    def lease(self, seconds: float) -> Lease | None:
        first, self.first = self.first, None
        if first:
            first()
        return super().lease(seconds)


@pytest.fixture
def storage() -> ContestedStorage:
    return ContestedStorage()


@pytest.fixture
def circuit(storage: ContestedStorage) -> Circuit:
    """One failure away from opening."""
    made = Circuit("contested", storage)
    for _ in range(4):
        made.settle(Outcome.FAILURE, None)
    return made


def test_it_opens_once(circuit: Circuit, storage: ContestedStorage, changes: list[tuple[str, str]]) -> None:
    storage.first = lambda: circuit.settle(Outcome.FAILURE, None)
    circuit.settle(Outcome.FAILURE, None)
    assert changes == [("closed", "open")]


def test_after_another_s_failed_probe_there_is_no_second(
    circuit: Circuit, storage: ContestedStorage, clock: time_machine.Traveller
) -> None:
    circuit.settle(Outcome.FAILURE, None)
    clock.shift(30)
    storage.first = lambda: circuit.settle(Outcome.FAILURE, circuit.admit(1))
    with pytest.raises(ServiceUnavailable):
        circuit.admit(1)


def test_after_another_s_good_probe_calls_pass(
    circuit: Circuit, storage: ContestedStorage, clock: time_machine.Traveller
) -> None:
    circuit.settle(Outcome.FAILURE, None)
    clock.shift(30)
    storage.first = lambda: circuit.settle(Outcome.SUCCESS, circuit.admit(1))
    assert circuit.admit(1) is None
