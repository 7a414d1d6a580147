"""Whoever uses the desk in the simulator (仿真的客户端): asks, asks again after a crash, and remembers what it was told."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, TextIO

from dispatch.receive import Receipt
from dispatch.simulation.people import SCOPE, actor
from dispatch.simulation.works import Apart, Asking, Gone, Refused, Wanted
from rules.access import DEPARTMENT_ROLES, Actor
from rules.terms import Act, Facts, Role

#: Channels in which citizens write themselves.
ONLINE = ("web", "wechat", "app")
#: A kill that is owed waits so many questions for one of the kind that it is meant for.
_PATIENCE = 40
_AIMS = ("receive", "act", "drain", "tick", "count")


@dataclass(slots=True)
class Told:
    """What clients were told of after its commit: receipts by key; for each ticket the events of each act."""

    receipts: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    acts: dict[str, list[tuple[str, datetime, tuple[str, ...]]]] = field(
        default_factory=lambda: defaultdict(list)
    )


class Client:
    """Asks until it is told; every refusal is counted, every answer written down."""

    def __init__(self, asking: Asking, seed: int, out: TextIO | None) -> None:
        """`out` gets a JSON line for each thing told."""
        self._asking = asking
        self._out = out
        self._dice = Random(f"{seed}:aims")  # noqa: S311 - a story, not a secret
        self._owed = 0
        self._aim, self._waited = "receive", 0
        self._looked_at: datetime | None = None
        self.told = Told()
        self.refused: Counter[str] = Counter()

    def owe_kill(self) -> None:
        """From now on one more question is to end with a killed process."""
        self._owed += 1

    @property
    def owes(self) -> bool:
        """Whether a kill is still owed."""
        return isinstance(self._asking, Apart) and self._asking.kills < self._owed

    def _ask(self, what: str, *words: Any) -> Any:
        if self.owes and isinstance(self._asking, Apart):
            self._waited += 1
            if what == self._aim or self._waited > _PATIENCE:
                self._asking.kill(self._dice.choice(Apart.WAYS))
                self._aim, self._waited = self._dice.choice(_AIMS), 0
        return self._asking.ask(what, *words)

    def _insist(self, what: str, *words: Any) -> Any:
        """Ask again until there is an answer; for what does no harm when it is done twice."""
        while True:
            try:
                return self._ask(what, *words)
            except Gone:
                continue

    def receive(self, raw: Mapping[str, Any], key: str, now: datetime) -> Receipt:
        """Post one contact, under the same key until it is answered."""
        who = Actor("citizen", scope=SCOPE) if raw["channel"] in ONLINE else actor(Role.OPERATOR)
        receipt: Receipt = self._insist("receive", raw, key, who, now)
        self.told.receipts[key] = (receipt.number, receipt.query_code, receipt.joined)
        said = {"number": receipt.number, "query_code": receipt.query_code, "joined": receipt.joined}
        self._write({"told": "ticket", "at": now.isoformat(), "key": key, **said, "stage": receipt.stage})
        return receipt

    def look(self, number: str) -> tuple[Facts, int]:
        """The facts of a ticket and its version."""
        found: tuple[Facts, int] = self._insist("look", number)
        return found

    def act(
        self,
        number: str,
        seen: tuple[Facts, int],
        chosen: tuple[Act, Role, dict[str, Any]],
        now: datetime,
    ) -> Facts | None:
        """Do what was chosen with the version that was looked at; None when the desk says no.

        After a crash the same is asked again. When the desk then says no, the page is looked at: is it done already?
        """
        act, role, words = chosen
        who = actor(role, seen[0].department if role in DEPARTMENT_ROLES else None)
        wanted, crashed = Wanted(number, act, words, seen[1], who), False
        while True:
            try:
                after: Facts = self._ask("act", wanted, now)
                break
            except Gone:
                crashed = True
            except Refused as no:
                after = self.look(number)[0] if crashed else seen[0]
                if not _done(after, now):
                    self.refused[f"{act}: {no.args[0]}"] += 1
                    return None
                break
        self._told_of(number, act, who, after, now)
        return after

    def _told_of(self, number: str, act: Act, who: Actor, after: Facts, now: datetime) -> None:
        kinds = _done(after, now)
        self.told.acts[number].append((who.name, now, kinds))
        said = {"number": number, "act": act.value, "actor": who.name, "events": kinds}
        self._write({"told": "act", "at": now.isoformat(), **said})

    def drain(self, now: datetime) -> datetime | None:
        """The workers empty the queues; when they are to look again. What died with a worker waits until its claim ends."""
        ready: datetime | None = self._insist("drain", now)
        return ready

    def tick(self, now: datetime, back: datetime | None = None) -> None:
        """The ticker fires what fell due since it last looked; all at once at `back`, when it was away until then."""
        self._insist("tick", back or self._looked_at or now, now)
        self._looked_at = now

    def count(self, now: datetime) -> None:
        """The figures of the day, and the reports that are due."""
        self._insist("count", now)

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._out is not None:
            self._out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _done(facts: Facts, now: datetime) -> tuple[str, ...]:
    """The events that an act at exactly this instant made; no two acts of the simulator share an instant."""
    return tuple(each.kind.value for each in facts.happenings if each.at == now and not each.step)
