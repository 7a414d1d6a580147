"""What one act costs (操作的代价), with and without asking first whether a step of its ticket is due; both databases.

`python -m benchmarks.acts [--tickets N]`. Acts with and without the question come in turns on the same tickets, in this
process: processor time and wall time of each kind, and of an act that finds four steps that no ticker fired.
"""

import argparse
import statistics
import sys
import time
from datetime import datetime, timedelta

from benchmarks.figures import Figure, code, show
from benchmarks.ground import ground_on
from dispatch.desk import Desk
from dispatch.handle import perform
from dispatch.receive import Asked, receive
from dispatch.storage import history, steps, tickets
from dispatch.triage import drain
from intake.request import build
from rules.access import Actor
from rules.bodies import BODIES
from rules.terms import CHINA, Act, Role

BEGIN = datetime(2026, 9, 28, 10, tzinfo=CHINA)
#: Behind the limit of an ordinary request for help and its first supervision.
LATE = datetime(2026, 10, 15, 10, tzinfo=CHINA)
_HOTLINE = Actor(
    "bench", frozenset(Role) - {Role.LIAISON, Role.HANDLER, Role.DEPARTMENT_LEADER}, scope="key:1"
)
_ROUNDS = 6

Took = tuple[float, float]


def run(kind: str, n: int) -> list[Figure]:
    """Acts on `n` tickets that nothing is due of, in turns, then one late act on each."""
    with ground_on(kind) as ground, ground.desk() as desk:
        numbers = [_signed(desk, ordinal) for ordinal in range(n)]
        asking: list[Took] = []
        silent: list[Took] = []
        ask = steps.is_due
        for turn in range(_ROUNDS):
            at = BEGIN + timedelta(minutes=turn + 1)
            for ordinal, number in enumerate(numbers):
                quiet = (turn + ordinal) % 2 == 1
                steps.is_due = _never if quiet else ask
                (silent if quiet else asking).append(_urge(desk, number, at))
        steps.is_due = ask
        late = [_urge(desk, number, LATE) for number in numbers]
        with desk.database.reading() as tx:
            fired = sum(each["step"] is not None for number in numbers for each in history.read(tx, number))
    broken = "" if fired >= 4 * n else f"{fired} steps of {4 * n}"
    return [
        Figure(f"{kind}: an act without the question", _line(silent)),
        Figure(f"{kind}: an act that asks, nothing is due", _line(asking)),
        Figure(f"{kind}: an act that finds four steps", _line(late), broken=broken),
    ]


def _signed(desk: Desk, ordinal: int) -> str:
    """One more ticket that a department has signed and called about."""
    raw = {"channel": "phone", "text": f"第{ordinal}号小区门口的垃圾三天没人清运。", "type": "help"}
    number = receive(desk, build(raw, BEGIN), Asked(_HOTLINE, f"acts-{ordinal}"), BEGIN).number
    while drain(desk, BEGIN):
        pass
    with desk.database.reading() as tx:
        row = tickets.read(tx, number)
    lead = row.department or sorted(desk.packs.active(BEGIN).departments)[0]
    if row.department is None:
        _do(desk, number, Act.DISPATCH, _HOTLINE, BEGIN, department=lead, reason="测量")
    who = Actor("unit", frozenset({Role.LIAISON, Role.HANDLER}), lead, scope="key:2")
    _do(desk, number, Act.SIGN, who, BEGIN)
    _do(desk, number, Act.CONTACT, who, BEGIN, reached=True, words="已联系")
    return number


def _do(desk: Desk, number: str, act: Act, who: Actor, at: datetime, **words: object) -> None:
    with desk.database.reading() as tx:
        version = tickets.read(tx, number).version
    perform(desk, number, act, BODIES[act](**words), version, who, at)


def _urge(desk: Desk, number: str, at: datetime) -> Took:
    with desk.database.reading() as tx:
        version = tickets.read(tx, number).version
    cpu, wall = time.process_time(), time.perf_counter()
    perform(desk, number, Act.URGE, BODIES[Act.URGE](words="请抓紧"), version, _HOTLINE, at)
    return time.process_time() - cpu, time.perf_counter() - wall


def _never(*_: object) -> bool:
    return False


def _line(took: list[Took]) -> str:
    cpu, wall = ([each[of] * 1000 for each in took] for of in (0, 1))
    return (
        f"p50 {statistics.median(wall):.2f} ms by the wall, {statistics.median(cpu):.2f} ms of processor "
        f"(n = {len(took)})"
    )


def main() -> int:
    """Both databases, one table each."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--tickets", type=int, default=100)
    n, worst = asked.parse_args().tickets, 0
    for kind in ("sqlite", "postgresql"):
        figures = run(kind, n)
        show(f"acts on {kind}", figures)
        worst = max(worst, code(figures))
    return worst


if __name__ == "__main__":
    sys.exit(main())
