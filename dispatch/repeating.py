"""Which earlier contacts tell the same matter (查找重复诉求): candidates from a home, judged by `rules/repeats.py`.

Candidates come through one protocol with two homes: memory, here, for `hotline repeats`, and the database of the desk.
"""

import heapq
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn, Protocol, TypeGuard

from classifier.likeness import Text, compare_many, in_common, keys, prepare
from intake.times import parse_time
from rules.errors import BadInput
from rules.repeats import Sameness, Signs, because, decide, probability

#: Earlier contacts that are compared: the nearest by rare words, names and places, and the caller's newest.
_NEAR, _OF_CALLER = 40, 10
#: Of the contacts that share one word the newest are looked at: what more of them share is not rare.
_KEPT = 300
_MOST = 200
#: Less likely ones are not listed.
_LEAST = 0.001
_SECONDS = 86_400
_WANTED = '请按 {"id","user","time","title","body"} 填写。'

Id = str | int


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact (一次来访): `caller` is whatever stands for the caller, None where unknown; `at` is aware."""

    id: Id
    caller: Id | None
    at: datetime
    text: Text


class Earlier(Protocol):
    """A home of earlier contacts (已有诉求)."""

    def candidates(self, contact: Contact) -> Sequence[Contact]:
        """Those worth comparing, the newest last: by rare words, names, places, and by the same caller."""


@dataclass(frozen=True, slots=True)
class Match:
    """An earlier contact (相似诉求) and the probability that it tells the same matter, with the signs of it."""

    earlier: Contact
    probability: float
    signs: Signs


class Memory:
    """Earlier contacts in memory (内存索引), found by an inverted index of their keys; about 10 kB for a long text."""

    def __init__(self) -> None:
        self._contacts: list[Contact] = []
        self._by_key: defaultdict[int, list[int]] = defaultdict(list)
        self._by_caller: defaultdict[Id, list[int]] = defaultdict(list)

    def add(self, contact: Contact) -> None:
        """Keep a contact: from now on it is an earlier one. A blank one can never be found and is not kept."""
        if contact.text.blank:
            return
        at = len(self._contacts)
        self._contacts.append(contact)
        for key, _ in keys(contact.text):
            places = self._by_key[key]
            places.append(at)
            if len(places) > 2 * _KEPT:
                del places[:_KEPT]
        if contact.caller is not None:
            self._by_caller[contact.caller].append(at)

    def candidates(self, contact: Contact) -> Sequence[Contact]:
        """Those worth comparing, the newest last: by rare words, names, places, and by the same caller."""
        weight: defaultdict[int, float] = defaultdict(float)
        for key, much in keys(contact.text):
            for at in self._by_key.get(key, ())[-_KEPT:]:
                weight[at] += much
        near = [at for _, at in heapq.nlargest(_NEAR, zip(weight.values(), weight, strict=True))]
        own = self._by_caller.get(contact.caller, ())[-_OF_CALLER:] if contact.caller is not None else ()
        return [self._contacts[at] for at in sorted({*near, *own})]


def find(contact: Contact, earlier: Earlier) -> tuple[Match, ...]:
    """Compare a contact with those in a home: the likeliest first, of equally likely ones the newest; at most 200."""
    others = earlier.candidates(contact)
    compared = zip(others, compare_many(contact.text, [each.text for each in others]), strict=True)
    matches = [
        Match(other, probability(signs, *_between(contact, other)), signs) for other, signs in compared
    ]
    matches.reverse()
    matches.sort(key=lambda match: -match.probability)
    return tuple(match for match in matches[:_MOST] if match.probability >= _LEAST)


def decision(matches: Sequence[Match]) -> Sameness:
    """The decision on what `find` gave."""
    return decide(matches[0].probability if matches else None)


def reasons(contact: Contact, match: Match) -> tuple[str, ...]:
    """Why a match is one, in plain Chinese."""
    shared = in_common(contact.text, match.earlier.text)
    return because(match.signs, shared, *_between(contact, match.earlier))


def _between(contact: Contact, other: Contact) -> tuple[bool, float]:
    """Whether both are known to come from one caller, and the days between them."""
    days = (contact.at - other.at).total_seconds() / _SECONDS
    return contact.caller is not None and contact.caller == other.caller, days


# --- Lines ----------------------------------------------------------------------------------------------------


def answer_lines(lines: Iterable[bytes]) -> Iterator[str]:
    """One answer, without its newline, for every line as it comes, from earlier lines only; blank lines are passed over.

    `{"id","user"?,"time","title","body"}` to `{"id","matches","decision","because"}`. Raises BadInput with the number
    of the first line that cannot be read, or whose id was there before; lines before it have been answered.
    """
    memory, seen = Memory(), dict[Id, int]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        contact = _read(line, number)
        if contact.id in seen:
            raise BadInput(f"第 {number} 行的 id 与第 {seen[contact.id]} 行相同。", "每一行要有自己的 id。")
        seen[contact.id] = number
        matches = find(contact, memory)
        memory.add(contact)
        yield _written(contact, matches)


def _read(line: bytes, number: int) -> Contact:
    told = _parse(line, number)
    line_id, caller = told.get("id"), told.get("user")
    if not _is_id(line_id) or line_id == "":
        raise BadInput(f"第 {number} 行没有 id，或 id 不是文字或整数。", _WANTED)
    if caller is not None and not _is_id(caller):
        raise BadInput(f"第 {number} 行的 user 应是文字或整数。", _WANTED)
    title, body = (told.get(name) for name in ("title", "body"))
    if not {"title", "body"} & told.keys():
        raise BadInput(f"第 {number} 行没有 title 和 body。", _WANTED)
    if not isinstance(title, str | None) or not isinstance(body, str | None):
        raise BadInput(f"第 {number} 行的 title、body 应是文字。", _WANTED)
    try:
        at, _ = parse_time(told.get("time"))
    except BadInput as fault:
        raise BadInput(f"第 {number} 行：{fault.detail}", fault.advice) from fault
    return Contact(line_id, None if caller == "" else caller, at, prepare(title or "", body or ""))


def _parse(line: bytes, number: int) -> dict[str, Any]:
    try:
        told = json.loads(line.decode("utf-8").removeprefix("\ufeff"), parse_constant=_refuse)
    except UnicodeDecodeError as fault:
        raise BadInput(f"第 {number} 行不是 UTF-8 编码。", "请转换成 UTF-8 后再试。") from fault
    except (ValueError, RecursionError) as fault:
        raise BadInput(f"第 {number} 行不是有效的 JSON。", _WANTED) from fault
    if not isinstance(told, dict):
        raise BadInput(f"第 {number} 行不是 JSON 对象。", _WANTED)
    return told


def _is_id(value: object) -> TypeGuard[Id]:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _written(contact: Contact, matches: Sequence[Match]) -> str:
    told = {
        "id": contact.id,
        "matches": [[each.earlier.id, round(each.probability, 4)] for each in matches],
        "decision": decision(matches).value,
        "because": reasons(contact, matches[0]) if matches else (),
    }
    line = json.dumps(told, ensure_ascii=False)
    whole = line.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in line)
    return line if whole else json.dumps(told)  # half a character in an id can only be written as its escape
