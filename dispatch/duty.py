"""Who is told outside the working hours (值班): notices that cannot wait go to the person on the roster, too."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dispatch.desk import Desk
from dispatch.storage import rosters
from dispatch.storage.database import Transaction
from dispatch.storage.outbox import Work
from rules.policy import Policy
from rules.roster import HOTLINE, REMEMBERED, Shift, is_off, on_duty

#: This receiver means whoever is on duty, at any hour; the others have somebody at a desk while they work.
_AT_ANY_HOUR = "duty_officer"
#: Hears where nobody stands on the roster of the hotline itself.
_LAST = "duty_office"


def rung(desk: Desk, tx: Transaction, works: Sequence[Work], now: datetime) -> list[Work]:
    """The same notices for whoever is on duty now, as far as they are marked `duty`; the receiver is the person.

    Where a department has nobody, and where the person has no log-in, the hotline's own duty hears, to ring by phone.
    A desk that never loaded a roster gets nothing but the word of the check-up.
    """
    marked = [work for work in works if work.data.get("duty")]
    if not marked:
        return []
    policy, calendar = desk.packs.of(desk.packs.active(now).hash, tx)
    off = is_off(calendar, now)
    wanted = [work for work in marked if off or work.data["receiver"] == _AT_ANY_HOUR]
    if not wanted or not rosters.known(tx, now - REMEMBERED):
        return []
    asked = {work.data.get("department") or HOTLINE for work in wanted} | {HOTLINE}
    rows = rosters.between(tx, now, None, asked)
    shifts = [rosters.shift_of(each) for each in rows if each["begins_at"] <= now]
    return [each for work in wanted for each in _for(work, shifts, policy, now)]


def _for(work: Work, shifts: Sequence[Shift], policy: Policy, now: datetime) -> list[Work]:
    department = work.data.get("department") or HOTLINE
    person, hotline = on_duty(shifts, department, now), on_duty(shifts, HOTLINE, now)
    words, over = str(work.data["words"]), hotline.receiver if hotline else _LAST
    name = policy.departments[department].name if department in policy.departments else department
    told = [_to(work, person.receiver, words)] if person else []
    if person is None:
        told.append(_to(work, over, f"{name or '热线'}值班表上此刻无人，请设法通知：{words}"))
    elif person.login is None and person is not hotline:
        told.append(_to(work, over, f"请电话通知{name}值班人员{person.name}：{words}"))
    return [each for each in told if each.data["receiver"] != work.data["receiver"]]  # told already


def _to(work: Work, receiver: str, words: str) -> Work:
    return replace(work, data={**work.data, "receiver": receiver, "words": words})
