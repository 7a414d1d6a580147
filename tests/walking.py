"""A random walk (随机操作) over every act that the desk knows, by real use cases, with the ticker and workers between.

Whatever the desk refuses is no fault; what is left behind is for the caller to check.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from dispatch import counting, ladder, supervise, triage
from dispatch.desk import Desk
from rules.access import Actor
from rules.bodies import BODIES
from rules.errors import DeskError
from rules.lifecycle import acts_in
from rules.measures import MEASURES, part_of
from rules.side_bodies import IDENTITY_WORDS, RATED_STEPS
from rules.terms import CHINA, Act, Role, Stage
from tests.desks import act, post, rows

ALL = Actor(
    "everybody", frozenset(Role) - {Role.DEPARTMENT_LEADER, Role.LIAISON, Role.HANDLER}, scope="key:7"
)
DEPARTMENTS = ("urban_management", "water_supply", "transport", "environment", "tongli")
#: Units below some of them.
BELOW = ("highway", "bus", "traffic_police")
_TEXTS = (
    "滨河路路灯不亮，晚上走路看不见。",
    "小区门口的垃圾没有人清运，味道很大。",
    "自来水浑浊发黄，已经三天了。",
    "公路边的护栏坏了，晚上看不清。",
    "夜里工地施工噪声太大，睡不着觉。",
    "帮忙看看。",
)
_STEPS = (
    timedelta(0), timedelta(0), timedelta(seconds=1), timedelta(seconds=1), timedelta(minutes=7),
    timedelta(minutes=20), timedelta(hours=1), timedelta(hours=4), timedelta(days=1),
)  # fmt: skip
#: Acts that end a walk early are tried less often.
SELDOM = (
    Act.WITHDRAW, Act.END, Act.INVALIDATE, Act.REFUSE, Act.ANSWER, Act.TRANSFER, Act.ARCHIVE, Act.MERGE,
    Act.MARK_CALLER, Act.SETTLE_CLUE, Act.LINK, Act.RETURN_, Act.UNMERGE, Act.SUPPLEMENT, Act.SPLIT, Act.RATE,
    Act.REVEAL,
)  # fmt: skip
#: Acts by which a ticket goes on its way are tried more often, so that walks see its end, too.
ON = (Act.DISPATCH, Act.SIGN, Act.REPLY, Act.REVIEW, Act.CALL_BACK, Act.SETTLE_RETURN, Act.CONTACT)


@dataclass
class Walk:
    """One desk, one clock that only goes on, and one source of chance."""

    desk: Desk
    chance: random.Random
    now: datetime
    numbers: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def run(self, steps: int, between: Callable[["Walk"], None] = lambda _: None) -> None:
        """So many steps; `between` is called after each."""
        for _ in range(steps):
            self.now += self.chance.choice(_STEPS)
            self.step()
            between(self)
        self.rest()

    def rest(self) -> None:
        """Let the workers finish."""
        while triage.drain(self.desk, self.now) or ladder.drain(self.desk, self.now):
            pass

    def step(self) -> None:
        """A contact, the workers, the ticker, a count, or an act on some ticket."""
        dice = self.chance.random()
        if dice < 0.07 or not self.numbers:
            self._post()
        elif dice < 0.12:
            self.rest()
        elif dice < 0.15:
            self._jump()
        elif dice < 0.20:
            counting.count_batch(self.desk, self.chance.choice((1, 2, 300)))
        else:
            self._act()

    def _post(self) -> None:
        raw: dict[str, Any] = {
            "text": self.chance.choice(_TEXTS),
            "type": self.chance.choice(("help", "complain", "consult", "praise")),
            "channel": self.chance.choice(("phone", "web", "wechat", "handed_down")),
            "urgency": self.chance.choice(("normal", "normal", "urgent")),
        }
        if self.chance.random() < 0.7:
            raw["caller"] = {"phone": f"1380000000{self.chance.randint(1, 3)}"}
        found = post(self.desk, self.now, **raw)
        self.done["joined" if found.joined else "post"] += 1
        if found.number not in self.numbers:
            self.numbers.append(found.number)
        if self.chance.random() < 0.8:
            self.rest()

    def _jump(self) -> None:
        """To the instant of the next step that any clock has, and fire it."""
        due = rows(self.desk, "SELECT min(next_at) AS at FROM clock")[0]["at"]
        if due is not None:
            at = datetime.fromisoformat(due) if isinstance(due, str) else due
            at = at.replace(tzinfo=at.tzinfo or CHINA) if at.tzinfo else at.replace(tzinfo=None)
            at = at if at.tzinfo else datetime.fromisoformat(f"{at.isoformat()}+00:00")
            self.now = max(self.now, at.astimezone(CHINA))
        self.done["fired"] += supervise.tick(self.desk, self.now)

    def _act(self) -> None:
        number = self.chance.choice(self.numbers[-10:])
        row = rows(self.desk, f"SELECT stage, department FROM ticket WHERE number = '{number}'")[0]
        legal = [each for each in acts_in(Stage(row["stage"])) if each in BODIES]
        if self.chance.random() < 0.95:
            legal = [each for each in legal if each not in (Act.MARK_CALLER, Act.SETTLE_CLUE)]
        if not legal:
            return
        seldom = self.chance.random() < 0.7
        likely = [each for each in legal if not (seldom and each in SELDOM)]
        onward = [each for each in legal if each in ON]
        wanted = self.chance.choice(onward if onward and self.chance.random() < 0.5 else likely or legal)
        body = self._body(wanted, number)
        actor = ALL
        if row["department"] and (wanted is not Act.REVIEW or body["level"] == 1):
            actor = Actor("unit", frozenset(Role), self._of(wanted, number, row["department"]), scope="key:8")
        try:
            act(self.desk, number, wanted.value, actor, self.now, **body)
            self.done[wanted.value] += 1
            if wanted is Act.SPLIT:
                parts = rows(
                    self.desk, "SELECT number FROM ticket WHERE split_from IS NOT NULL ORDER BY number"
                )
                self.numbers += [each["number"] for each in parts if each["number"] not in self.numbers]
        except DeskError as refused:
            self.done["refused"] += 1
            self.told.append(f"{wanted.value}: {refused.detail}")

    def _of(self, wanted: Act, number: str, lead: str) -> str:
        """The lead, but for what helpers do."""
        if wanted not in (Act.REPORT_UP, Act.DELEGATE):
            return lead
        running = (
            f"SELECT department FROM assignment WHERE ticket = '{number}' AND ended_at IS NULL ORDER BY id"
        )
        return str(self.chance.choice([each["department"] for each in rows(self.desk, running)] or [lead]))

    def _body(self, wanted: Act, number: str) -> dict[str, Any]:
        """Some body that the act may take; where no words are needed, the act alone."""
        made = _BODIES.get(wanted)
        return made(self, number) if made else {}

    def yes(self, share: float = 0.6) -> bool:
        return self.chance.random() < share

    def unit(self) -> str:
        return self.chance.choice(DEPARTMENTS)

    def code(self, table: str) -> str:
        return str(self.chance.choice(getattr(self.desk.packs.active(self.now), table)).code)

    def _settled(self, _number: str) -> dict[str, Any]:
        sent = {"department": self.unit()} if self.yes(0.5) else {}
        return {"accept": self.yes(), "reason": "理由", **sent}

    def _suspended(self, _number: str) -> dict[str, Any]:
        until = self.now + timedelta(days=self.chance.choice((1, 5, 20)))
        return {"reason_code": self.code("suspensions"), "until": until}

    def _reviewed(self, number: str) -> dict[str, Any]:
        passed = self._count(number, "reviewed") % 2 if self.yes(0.9) else self.chance.choice((0, 1))
        return {"level": passed + 1, "approve": self.yes(0.85), "reason": "理由"}

    def _called_back(self, _number: str) -> dict[str, Any]:
        if self.yes(0.4):
            return {"reached": False}
        return {"reached": True, "solved": self.yes(), "satisfied": self.yes()}

    def _undone(self, number: str) -> dict[str, Any]:
        by_hand = ("supervise", "supervise", "raise", "transfer", "link")
        return {"step": self.chance.choice((*by_hand, *self._steps(number))), "reason": "理由"}

    def _count(self, number: str, kind: str) -> int:
        found = rows(
            self.desk,
            f"SELECT count(*) AS n FROM event WHERE ticket = '{number}' AND kind = '{kind}' AND id > coalesce("
            f"(SELECT max(id) FROM event WHERE ticket = '{number}' AND kind = 'replied'), 0)",
        )
        return int(found[0]["n"])

    def _split(self, _number: str) -> dict[str, Any]:
        sent = [
            {"department": self.unit()} if self.yes(0.3) else {} for _ in range(self.chance.choice((1, 2)))
        ]
        return {"parts": [{"text": self.chance.choice(_TEXTS), **each} for each in ({}, *sent)]}

    def event(self, number: str) -> int:
        """Some event of the ticket, mostly one that can be counted against somebody."""
        kinds = "('breached', 'duty_called', 'called_back', 'supervised', 'raised', 'repeated')"
        where = f"ticket = '{number}'" + (f" AND kind IN {kinds}" if self.yes(0.9) else "")
        found = rows(self.desk, f"SELECT id FROM event WHERE {where}")
        return int(self.chance.choice(found)["id"]) if found else 1

    def appealed(self, number: str) -> int:
        """An event that was appealed against, or some other."""
        asked = rows(self.desk, f"SELECT data FROM event WHERE ticket = '{number}' AND kind = 'appealed'")
        said = self.chance.choice(asked)["data"] if asked else {"event": 1}
        return int((json.loads(said) if isinstance(said, str) else said)["event"])

    def _steps(self, number: str) -> list[str]:
        kinds = "('supervised', 'raised', 'clue_opened')"
        found = rows(
            self.desk,
            f"SELECT step FROM event WHERE ticket = '{number}' AND kind IN {kinds} AND step IS NOT NULL",
        )
        return [each["step"] for each in found]


_BECAUSE = {"reason": "理由"}
_BODIES: dict[Act, Callable[[Walk, str], dict[str, Any]]] = {
    Act.ANSWER: lambda *_: {"words": "说明"},
    Act.URGE: lambda *_: {"words": "说明"},
    Act.REFUSE: lambda w, _: {"reason_code": w.code("refusals")},
    Act.INVALIDATE: lambda w, _: {"reason_code": w.code("invalid")},
    Act.TRANSFER: lambda *_: {"line": "110"},
    Act.SUPPLEMENT: lambda *_: {"elements": {"place": "滨河路"}},
    Act.DISPATCH: lambda w, _: {"department": w.unit(), "assists": [w.unit()] * w.yes(), **_BECAUSE},
    Act.RETURN_: lambda *_: {"head": "负责人", **_BECAUSE},
    Act.SETTLE_RETURN: Walk._settled,
    Act.REASSIGN: lambda w, _: {"department": w.unit(), **_BECAUSE},
    Act.CONFER: lambda w, _: {"lead": w.unit(), "assists": [w.unit()], "outcome": "会商"},
    Act.SET_DUE: lambda w, _: {"due_at": w.now + timedelta(days=w.chance.choice((1, 4, 30))), **_BECAUSE},
    Act.ASSIST: lambda w, _: {"department": w.unit(), "workdays": w.chance.choice((1, 2, 3))},
    Act.DELEGATE: lambda w, _: {"department": w.chance.choice(BELOW)},
    Act.REPORT_UP: lambda *_: {"words": "已办"},
    Act.CONTACT: lambda w, _: {"reached": w.yes(), "words": "联系"},
    Act.EXTEND: lambda w, _: {"workdays": w.chance.choice((1, 2, 3)), **_BECAUSE},
    Act.SETTLE_EXTENSION: lambda w, _: {"accept": w.yes(), **_BECAUSE},
    Act.SUSPEND: Walk._suspended,
    Act.REPLY: lambda w, _: {"words": "答复", "solved": w.yes()},
    Act.REVIEW: Walk._reviewed,
    Act.CALL_BACK: Walk._called_back,
    Act.SUPERVISE: lambda w, _: {"level": w.chance.choice((1, 2, 3)), **_BECAUSE},
    Act.UNDO: Walk._undone,
    Act.MERGE: lambda w, _: {"into": w.chance.choice(w.numbers)},
    Act.LINK: lambda w, _: {"earlier": w.chance.choice(w.numbers)},
    Act.END: lambda *_: {"evidence": "盖章答复", **_BECAUSE},
    Act.MARK_CALLER: lambda w, _: {"malicious": w.yes(), **_BECAUSE},
    Act.SETTLE_CLUE: lambda w, _: {"confirm": w.yes(), **_BECAUSE},
    Act.SETTLE_UPWARD: lambda w, _: {"accept": w.yes(), **_BECAUSE},
    Act.REDO: lambda *_: dict(_BECAUSE),
    Act.RAISE_: lambda *_: dict(_BECAUSE),
    Act.SPLIT: Walk._split,
    Act.APPEAL: lambda w, number: {"event": w.event(number), **_BECAUSE},
    Act.SETTLE_APPEAL: lambda w, number: {"event": w.appealed(number), "accept": w.yes(), **_BECAUSE},
    Act.RATE: lambda w, _: {"step": w.chance.choice(tuple(RATED_STEPS)), "stars": w.chance.randint(1, 5)},
    Act.REVEAL: lambda w, _: {"field": w.chance.choice(tuple(IDENTITY_WORDS)), **_BECAUSE},
}


def parts_and_wholes(desk: Desk) -> list[str]:
    """Where a part counts more than its whole, a sum is negative, or what became of tickets does not add up."""
    found = []
    with desk.database.reading() as tx:
        daily = [dict(each) for each in tx.connection().execute(text("SELECT * FROM daily_count")).mappings()]
    for row in daily:
        place = f"{row['day']} {row['dimension']} {row['key']}"
        found += [
            f"{place} {code} {row[code]}" for code in MEASURES if code != "open_change" and row[code] < 0
        ]
        found += [
            f"{place}: {part} {row[part]} > {whole} {row[whole]}"
            for whole in MEASURES
            for part in MEASURES
            if part_of(part, whole) and row[part] > row[whole]
        ]
        went = sum(
            row[code] for code in ("direct", "dispatched", "refused", "transferred", "invalid", "waiting")
        )
        if went != row["received"]:
            found.append(f"{place}: received {row['received']} went {went}")
        if row["due"] != row["on_time"] + row["late"]:
            found.append(f"{place}: due {row['due']}")
    found += _below_zero(daily)
    return found


def _below_zero(daily: list[dict[str, Any]]) -> list[str]:
    found, still = [], Counter[tuple[str, str]]()
    for row in sorted(daily, key=lambda each: str(each["day"])):
        key = row["dimension"], row["key"]
        still[key] += row["open_change"]
        if still[key] < 0:
            found.append(f"{row['day']} {key}: open {still[key]}")
    return found
