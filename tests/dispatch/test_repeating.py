"""Candidates from memory, and what is found among them."""

from datetime import datetime, timedelta

import pytest

from classifier.likeness import prepare
from dispatch.repeating import Contact, Memory, decision, find, reasons
from rules.repeats import Sameness
from rules.terms import CHINA

BEGIN = datetime(2026, 3, 1, 9, tzinfo=CHINA)
#: Invented matters, each told in several ways.
MATTERS = {
    "停车费": ("听橹家园物业乱收停车费", "听橹家园的停车费突然涨了，物业不公示", "停车费乱涨价，听橹家园物业不给说法"),
    "公交": ("205路公交车不按时发车", "205路公交车等了一个小时", "公交205路晚点，等车一小时没有来"),
    "油烟": ("望江小区楼下烧烤店油烟扰民", "烧烤店油烟直排，望江小区居民受不了", "望江小区烧烤油烟很大，窗户不敢开"),
    "欠薪": ("栖梧建筑公司拖欠农民工工资", "栖梧建筑工地拖欠工资半年", "我们在栖梧建筑公司干活，工资一直没发"),
}  # fmt: skip


def contact(words: str, number: str | int = "new", caller: str | None = None, day: float = 0) -> Contact:
    return Contact(number, caller, BEGIN + timedelta(days=day), prepare("", words))


def kept(*contacts: Contact) -> Memory:
    memory = Memory()
    for each in contacts:
        memory.add(each)
    return memory


@pytest.mark.parametrize("matter", MATTERS)
def test_the_tellings_of_one_matter_find_each_other_before_all_others(matter: str) -> None:
    others = [
        contact(words, f"{name}{at}") for name, told in MATTERS.items() for at, words in enumerate(told[:2])
    ]
    found = find(contact(MATTERS[matter][2], day=2), kept(*others))
    assert [match.earlier.id for match in found[:2]] in (
        [f"{matter}0", f"{matter}1"],
        [f"{matter}1", f"{matter}0"],
    )
    assert found[0].probability > 0.3 and all(match.probability < 0.05 for match in found[2:])


def test_an_empty_home_finds_nothing() -> None:
    assert find(contact("停水"), Memory()) == ()
    assert decision(()) is Sameness.OTHER


def test_a_caller_s_own_contacts_are_compared_though_they_share_no_rare_word() -> None:
    memory = kept(
        contact("停水", 1, "u1"), contact("噪音", 2, "u1"), contact("油烟", 3, "u2"), contact("路灯", 4)
    )
    assert [each.id for each in memory.candidates(contact("漏水", caller="u1"))] == [1, 2]
    assert memory.candidates(contact("漏水")) == []


def test_two_unknown_callers_are_not_the_same_caller() -> None:
    (match,) = find(contact("听橹家园停水"), kept(contact("听橹家园停水了", 1)))
    assert "同一诉求人" not in reasons(contact("听橹家园停水"), match)


def test_of_equally_likely_ones_the_newest_comes_first() -> None:
    same = [contact("听橹家园停水", at, day=1) for at in range(5)]
    found = find(contact("听橹家园停水", day=1), kept(*same))
    assert [match.earlier.id for match in found] == [4, 3, 2, 1, 0]


def test_a_word_that_all_share_does_not_make_every_contact_a_candidate() -> None:
    crowd = [contact(f"听橹家园停水{at}", at) for at in range(700)]
    rare = contact("栖梧巷停水", "rare")
    memory = kept(rare, *crowd)
    near = memory.candidates(contact("栖梧巷停水没人管"))
    assert len(near) <= 50 and "rare" in [each.id for each in near]


def test_a_home_never_looks_at_what_came_later() -> None:
    memory = Memory()
    first = find(contact("听橹家园停水", 1), memory)
    memory.add(contact("听橹家园停水", 1))
    assert first == () and len(find(contact("听橹家园停水", 2), memory)) == 1
