"""Event cards (事件卡): one answer for everybody who asks about a known outage or notice, made and ended by a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.desk import Desk
from dispatch.storage import cards
from dispatch.storage.database import Transaction
from rules.accept import RefusalRule
from rules.access import CARD_ROLES, READING_ROLES, Actor, require
from rules.errors import BadInput, DeskError, PackFault
from rules.policy import Policy
from rules.sorting import Card, card_for, card_of, fault_of

#: A pattern has to say at least so many characters: one alone would answer half of all calls.
_LEAST_SAID = 2


class CardOver(DeskError):
    """这张事件卡已经结束。"""

    code = "card_over"
    status = 409


class CardTwice(DeskError):
    """同名的事件卡正在使用，不必重复建立。"""

    code = "card_twice"
    status = 409
    hint = "要改内容，请先结束原来的那张。"


@dataclass(frozen=True, slots=True)
class Draft:
    """A card as it is asked for; `areas` and `department` by code or name, `begins_at` None begins now."""

    title: str
    words: tuple[str, ...]
    areas: tuple[str, ...]
    answer: str
    department: str | None
    begins_at: datetime | None
    ends_at: datetime


def add(desk: Desk, draft: Draft, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Let a card answer from `begins_at` to `ends_at`; its row with `asked`.

    Raises NotAllowed, BadInput for a pattern, area, department or time that cannot be, and CardTwice where one of
    that title is running.
    """
    require(actor, CARD_ROLES, "建立事件卡")
    values = _values(draft, desk.packs.active(now), actor, now)
    with desk.transaction() as tx:
        if any(each["title"] == draft.title for each in cards.running(tx, now)):
            raise CardTwice()
        return cards.read(tx, cards.put(tx, values))


def end(desk: Desk, card: int, actor: Actor, now: datetime) -> Mapping[str, Any]:
    """Let a card end now; its row with `asked`. Raises NotAllowed, NoSuchCard, and CardOver the second time."""
    require(actor, CARD_ROLES, "结束事件卡")
    with desk.transaction() as tx:
        cards.read(tx, card)
        if not cards.end(tx, card, now):
            raise CardOver()
        return cards.read(tx, card)


def listed(
    desk: Desk, actor: Actor, now: datetime, before: int | None, n: int, running: bool = False
) -> Sequence[Mapping[str, Any]]:
    """Cards newest first, at most `n`, from below the id `before`, each with `asked`. Raises NotAllowed."""
    require(actor, READING_ROLES, "查看事件卡")
    with desk.database.reading() as tx:
        return cards.newest(tx, before, n, now if running else None)


def matching(
    tx: Transaction, text: str, areas: Sequence[str], policy: Policy, now: datetime
) -> Mapping[str, Any] | None:
    """The row of the running card that `text`, told of a matter in `areas` (codes), is about; of several the newest.

    A card that can no longer be read answers nobody here, as at triage, which says so in the log.
    """
    rows = {row["id"]: row for row in cards.running(tx, now)}
    sound = [card for card in map(card_of, rows.values()) if fault_of(card) is None]
    found: Card | None = card_for(text, areas, sound, policy)
    return rows[found.id] if found else None


def _values(draft: Draft, policy: Policy, actor: Actor, now: datetime) -> dict[str, Any]:
    begins = draft.begins_at or now
    if draft.ends_at <= max(begins, now):
        raise BadInput("结束时间（ends_at）应晚于开始时间和现在。", hint="请写预计恢复的时间，可提前结束。")
    _check_words(draft.words)
    return {
        "title": draft.title,
        "words": list(draft.words),
        "areas": list(dict.fromkeys(_area(each, policy) for each in draft.areas)),
        "answer": draft.answer,
        "department": _department(draft.department, policy),
        "begins_at": begins,
        "ends_at": draft.ends_at,
        "created_by": actor.name,
        "created_at": now,
    }


def _check_words(words: Sequence[str]) -> None:
    """The same patterns as in a pack's acceptance.toml; each fault says which one. Raises BadInput."""
    for at, pattern in enumerate(words, 1):
        try:
            RefusalRule(str(at), "", "", (pattern,), "")
        except PackFault as fault:
            raise BadInput(f"第 {at} 条词（words）有误：{fault.detail.partition('：')[2]}") from fault
        if sum(min(map(len, part.split("|"))) for part in pattern.split("+")) < _LEAST_SAID:
            raise BadInput(
                f"第 {at} 条词（words）“{pattern}”太短，会把不相干的诉求也答复掉。",
                hint="请写至少两个字，或用“+”再连一个词。",
            )


def _area(given: str, policy: Policy) -> str:
    if given in policy.areas:
        return given
    named = [each.code for each in policy.areas.values() if given in (each.name, *each.aliases)]
    if len(named) == 1:
        return named[0]
    several = f"有 {len(named)} 个地方叫“{given}”，请写代码：{'、'.join(named[:5])}。"
    raise BadInput(several if named else f"规则包里没有区域“{given}”。", hint="区域写代码，或写全名。")


def _department(given: str | None, policy: Policy) -> str | None:
    if given is None:
        return None
    found = policy.department_of(given)
    if found is None:
        raise BadInput(f"目录中没有承办单位“{given}”。", hint="请从承办单位列表中选择。")
    return found.code
