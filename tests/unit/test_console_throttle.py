"""How often a sign-in may fail."""

from __future__ import annotations

from reconciler.console.throttle import Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_closes_with_the_last_failure_that_is_allowed_and_not_before() -> None:
    throttle = Throttle(3, Clock())
    for _ in range(2):
        throttle.failed()
        assert not throttle.is_closed()
    throttle.failed()
    assert throttle.is_closed()


def test_it_opens_when_enough_failures_are_a_minute_old() -> None:
    clock = Clock()
    throttle = Throttle(2, clock)
    throttle.failed()
    clock.now += 40
    throttle.failed()
    clock.now += 19.9
    assert throttle.is_closed()
    clock.now += 0.1
    assert not throttle.is_closed()
    throttle.failed()
    assert throttle.is_closed()


def test_asking_counts_nothing_and_what_is_old_is_forgotten() -> None:
    clock = Clock()
    throttle = Throttle(2, clock)
    for _ in range(1000):
        assert not throttle.is_closed()
        throttle.failed()
        clock.now += 61
    assert len(throttle._failures) == 1
