"""What runs by itself in virtual time (虚拟时间里的工人与定时器): every queue is drained, every step fires at its instant."""

from collections.abc import Callable
from datetime import datetime

from dispatch import digests, follow_up, ladder, supervise, triage
from dispatch.desk import Desk
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import outbox

_DRAINS = {
    "triage": triage.drain,
    "ladder": ladder.drain,
    "notices": follow_up.drain,
    "digests": digests.drain,
}


def drain(desk: Desk, now: datetime) -> None:
    """What the workers would do by `now`; the counts are left to whoever reads figures."""
    while waiting := _waiting(desk, now):
        for kind in waiting:
            _DRAINS[kind](desk, now)


def _waiting(desk: Desk, now: datetime) -> dict[str, int]:
    with desk.database.reading() as tx:
        return outbox.waiting(tx, now)


def pass_until(
    desk: Desk, since: datetime, now: datetime, after: Callable[[datetime], None] = lambda _: None
) -> int:
    """Let the ticker look at every instant up to `now` at which a step falls due; how many steps fired.

    It last looked at `since`: what was due before it fires then. `after` is called when the steps of an instant have
    fired. Raises RuntimeError where a step is due and does not fire.
    """
    fired = 0
    while True:
        with desk.database.reading() as tx:
            due = stored_clocks.oldest_step(tx)
        if due is None or due > now:
            return fired
        at = max(due, since)
        steps = supervise.tick(desk, at)
        if not steps:
            raise RuntimeError(f"a step is due at {due} and does not fire")
        fired += steps
        after(at)
