"""Bringing the planned faults about, and ending them all."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from retell.truth.control import Control
from retell.truth.faults import Blow, CalcomFault, Cut, Fault, KillPoint, Mishap, Weather
from retell.truth.world import World


@dataclass
class Trouble:
    """`injected` counts by kind; `never_struck` of them nobody came by."""

    world: World
    control: Control
    injected: Counter[str] = field(default_factory=Counter)
    never_struck: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)

    def cause(self, faults: Iterable[Fault]) -> None:
        """Begin at once; what comes later in the call does so by itself."""
        for fault in faults:
            with self._lock:
                self.injected[fault.kind] += 1
            match fault:
                case CalcomFault():
                    self.control.fail(fault.body)
                case Mishap():
                    self.control.mishap(fault.body)
                case KillPoint():
                    self._arm(fault)
                case Weather() | Blow() | Cut():
                    self._later(fault)

    def end(self) -> None:
        """Wait for what lasts, and take back what has not struck."""
        for thread in self._threads:
            thread.join()
        for point in self.world.kill_points.iterdir():
            with suppress(FileNotFoundError):
                point.unlink()
                self.never_struck += 1
        self.never_struck += len(self.control.unused_faults())
        self.control.forgive()

    def _arm(self, point: KillPoint) -> None:
        (self.world.kill_points / point.name).write_text(point.victim)

    def _later(self, fault: Weather | Blow | Cut) -> None:
        work: Mapping[type, Callable[..., None]] = {Weather: self._change_weather, Blow: self._strike, Cut: self._cut}
        thread = threading.Thread(target=work[type(fault)], args=[fault], daemon=True)
        self._threads.append(thread)
        thread.start()

    def _strike(self, blow: Blow) -> None:
        time.sleep(blow.after)
        self.world.strike(blow.process, blow.signal, whole=blow.whole)

    def _cut(self, cut: Cut) -> None:
        time.sleep(cut.after)
        with self._lock_of(cut.cable):
            self.world.cut(cut.cable, cut.seconds, forgets=cut.forgets)

    def _change_weather(self, weather: Weather) -> None:
        with self._lock_of(weather.setting):
            self.control.setting(weather.setting, weather.value)
            time.sleep(weather.seconds)
            self.control.setting(weather.setting, 0.0)

    def _lock_of(self, name: str) -> threading.Lock:
        """One cut of a cable, and one weather, at a time."""
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())
