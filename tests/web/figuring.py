"""A made week for the tests of figures: every kind of thing happens once, some of it twice."""

import html
import re
from dataclasses import dataclass

from dispatch import counting
from rules.terms import Role
from tests.desks import DISPATCHER, SUPERVISOR, act, of, post, settle
from tests.dispatch.test_figures import finish, send
from tests.stories import at

URBAN, TRANSPORT, POLICE, INQUIRY = "urban_management", "transport", "police", "government_office"
WEEK = "/api/reports/week/2026-W47"
#: The week is over, and nothing was given out yet.
MONDAY = at("2026-11-23 09:00")


def make_week(site):
    """Tickets of the week from 16 to 22 November, and the clock after it; their numbers by what they are."""
    desk = site.desk
    done = send(desk, "2026-11-16 09:00", title="<b>路灯</b>不亮")
    finish(desk, done, "2026-11-17 15:00")
    redone = send(desk, "2026-11-16 10:00", text="小区门口的垃圾没有人清运，味道很大。")
    finish(desk, redone, "2026-11-17 16:00", satisfied=False)
    returned = send(desk, "2026-11-16 11:00", text="人行道地砖坏了一大片，老人摔跤。")
    liaison = of(URBAN, Role.LIAISON)
    act(
        desk,
        returned,
        "return",
        liaison,
        at("2026-11-16 14:00"),
        reason="不归我管",
        evidence="三定方案",
        head="局长",
    )
    act(
        desk, returned, "settle-return", DISPATCHER, at("2026-11-16 15:00"),
        accept=True, reason="有理", department=TRANSPORT,
    )  # fmt: skip
    urged = send(desk, "2026-11-17 09:00", department=TRANSPORT, text="公路边的护栏坏了，晚上看不清。")
    for hour in (10, 11):
        act(desk, urged, "urge", DISPATCHER, at(f"2026-11-18 {hour}:00"), words="请抓紧")
    act(desk, urged, "supervise", SUPERVISOR, at("2026-11-18 12:00"), level=1, reason="慢")
    lead = send(desk, "2026-11-17 10:00", text="工地夜里施工，吵得睡不着。")
    follower = send(desk, "2026-11-17 10:30", text="工地半夜还在施工，噪音太大。")
    act(desk, follower, "merge", DISPATCHER, at("2026-11-17 11:00"), into=lead)
    now = at("2026-11-18 09:00")
    restricted = post(desk, now, text="公安局民警不作为，去了三次都没人管。", type="complain").number
    settle(desk, now)
    act(desk, restricted, "dispatch", SUPERVISOR, now, department=INQUIRY, reason="限定范围")
    consult = post(desk, now, text="请问身份证到期了在哪里换？", type="consult").number
    settle(desk, now)
    site.now = MONDAY
    settle(desk, MONDAY)
    counting.catch_up(desk)
    return {
        "done": done,
        "redone": redone,
        "returned": returned,
        "urged": urged,
        "restricted": restricted,
        "consult": consult,
    }


@dataclass(frozen=True)
class Link:
    """A number on a page, and where it leads."""

    to: str
    said: int


def links(page):
    """Every number of a page that leads to tickets."""
    found = re.findall(r'<a href="(/figures/tickets\?[^"]+)">(-?\d+)</a>', page.text)
    return [Link(html.unescape(to), int(said)) for to, said in found]


@dataclass(frozen=True)
class List:
    """What a list of tickets says of itself, and the numbers on all its pages."""

    n: int
    tickets: int
    withheld: int
    numbers: tuple


def listed(site, to):
    """All pages of a list as the one who is logged in sees them."""
    numbers, first = [], None
    while to:
        page = site.ask("GET", to)
        assert page.status_code == 200, page.text
        first = first or page.text
        numbers += re.findall(r'<td class="title"><a href="/tickets/(\d+)">', page.text)
        following = re.search(r'<a href="([^"]+)">下一页</a>', page.text)
        to = html.unescape(following[1]) if following else None
    total = re.search(r'<p class="total">(.*?)</p>', first)[1]
    said = [int(each) for each in re.findall(r"<strong>(\d+)</strong>", total)]
    hidden = re.search(r"另有 (\d+) 件计数而不列出", first)
    return List(said[0], said[-1], int(hidden[1]) if hidden else 0, tuple(numbers))
