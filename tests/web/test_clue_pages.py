"""The pages of clues: read on a telephone, printed for signing, sound HTML, and nothing for whom they are not."""

import re
from html.parser import HTMLParser

import pytest

from dispatch import supervise
from tests.desks import settle
from tests.web.conftest import CALLER, LEAD, about_officials, with_clue
from tests.web.test_pages import log_in

VOID = {"meta", "link", "input", "rect", "br"}
#: What may not stand inside a paragraph: browsers would close it there.
BLOCKS = {"p", "div", "section", "ol", "ul", "dl", "table", "form", "h1", "h2", "h3"}


class Sound(HTMLParser):
    """Counts what a strict reader would object to."""

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"{tag} has an attribute twice")
        self.ids += [value for name, value in attrs if name == "id"]
        if tag in BLOCKS and "p" in self.open:
            self.faults.append(f"{tag} in a paragraph, line {self.getpos()[0]}")
        if tag == "a" and not dict(attrs).get("href"):
            self.faults.append("a link to nowhere")
        if tag == "li" and self.open[-1:] not in (["ul"], ["ol"]):
            self.faults.append("li outside a list")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else, line {self.getpos()[0]}")


def faults(text):
    reader = Sound()
    reader.feed(text)
    reader.close()
    twice = [each for each in reader.ids if reader.ids.count(each) > 1]
    return (
        reader.faults
        + [f"{each} is left open" for each in reader.open]
        + [f"id {each} twice" for each in twice]
    )


@pytest.mark.parametrize(
    "text",
    ["<p><ul></ul></p>", "<b><i></b></i>", "<div>", "<a>x</a>", '<i id="x"></i><b id="x"></b>', "<li></li>"],
)
def test_the_reader_finds_what_is_not_sound(text):
    assert faults(text)
    assert faults('<p>a <b class="x">b</b><br></p><ul><li>c</li></ul>') == []


@pytest.fixture
def clued(both):
    number = with_clue(both, text="<b>滨河路</b>路灯不亮，我叫张小三", caller=CALLER)
    both.person("watch", ("supervisor", ""))
    assert log_in(both, "watch").status_code == 303
    return number


def test_the_list_shows_what_waits_and_leads_to_each(both, clued):
    page = both.ask("GET", "/clues")
    assert page.status_code == 200 and faults(page.text) == []
    for words in ("线索", "待审定", "请审定", "退单满 3 次", clued):
        assert words in page.text, words
    link = re.search(r'href="(/clues/\d+)"', page.text)[1]
    assert both.ask("GET", link).status_code == 200
    assert "没有符合条件的线索" in both.ask("GET", "/clues?state=confirmed").text
    assert both.ask("GET", "/clues?state=nowhere").status_code == 422
    assert "线索" in both.ask("GET", "/tickets").text, "the way there stands on every page"


def test_a_clue_shows_the_chain_and_drafts_to_print(both, clued):
    page = both.ask("GET", "/clues/1")
    assert page.status_code == 200 and faults(page.text) == []
    for words in (
        "证据链",
        "退单",
        "整改记录草稿",
        "问责记录草稿",
        "签发前须核对",
        "签字：",
        "待核实",
        clued,
    ):
        assert words in page.text, words
    assert "<b>滨河路" not in page.text and "张小三" not in page.text
    assert 'name="viewport"' in page.text and "default-src 'none'" in page.headers["content-security-policy"]
    assert " style=" not in page.text, "the policy forbids it, and print rules stand in the sheet"


def test_missed_promises_are_marked_and_counted(both):
    number = both.post(text="楼道灯不亮").json()["number"]
    settle(both.desk, both.now)
    both.later(days=4)
    supervise.tick(both.desk, both.now)
    settle(both.desk, both.now)
    for n in range(3):
        assert both.act(number, "dispatch", "dispatcher", department=LEAD, reason="归口").status_code == 200
        returned = both.act(
            number, "return", "liaison", LEAD, reason="不属于", evidence="依据", head="主要负责人"
        )
        assert returned.status_code == 200, returned.text
        if n < 2:
            both.act(number, "settle-return", "dispatcher", accept=True, reason="成立")
    both.person("watch", ("supervisor", ""))
    log_in(both, "watch")
    page = both.ask("GET", "/clues/1")
    assert faults(page.text) == []
    missed = page.text.count('<span class="tag over">未按时</span>')
    assert missed >= 1 and f"没有按时兑现 {missed} 条" in page.text
    assert page.text.count('<li class="over">') == missed and "派单时限" in page.text


@pytest.mark.parametrize(
    ("role", "department", "status"),
    [("operator", "", 403), ("auditor", "", 403), ("handler", LEAD, 403), ("discipline", "", 404)],
)
def test_a_page_is_not_for_others(site, role, department, status):
    with_clue(site)
    site.person("other", (role, department))
    log_in(site, "other")
    assert site.ask("GET", "/clues/1").status_code == status
    listing = site.ask("GET", "/clues")
    assert listing.status_code == (200 if role == "discipline" else 403)
    if role == "discipline":
        assert "现在没有线索" in listing.text and "待审定" not in listing.text


def test_without_a_log_in_the_pages_lead_to_the_form_and_back(site):
    site.person("watch", ("supervisor", ""))
    for path in ("/clues", "/clues/1"):
        answer = site.ask("GET", path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    assert log_in(site, "watch", next="/clues/1").headers["location"] == "/clues/1"
    assert site.ask("GET", "/clues/1").status_code == 404
    assert site.ask("GET", "/clues/x").status_code == 422
    assert "现在没有线索" in site.ask("GET", "/clues").text


def test_the_other_pages_are_sound_too(both, clued):
    restricted = about_officials(both)["number"]
    lead = both.post(text="第三件事").json()["number"]
    settle(both.desk, both.now)
    follower = both.post(text="第四件事").json()["number"]
    settle(both.desk, both.now)
    both.act(follower, "merge", "supervisor", into=lead)
    both.act(lead, "supervise", "supervisor", level=1, reason="慢")
    for path in ("/tickets", "/tickets?restricted=true", "/tickets?q=没有这样的事", f"/tickets/{lead}"):
        page = both.ask("GET", path)
        assert (page.status_code, faults(page.text)) == (200, []), path
    pages = {
        number: both.ask("GET", f"/tickets/{number}").text for number in (clued, restricted, follower, lead)
    }
    assert [faults(each) for each in pages.values()] == [[], [], [], []]
    assert "可以撤销" in pages[lead] and "并入的工单" in pages[lead] and f"/tickets/{follower}" in pages[lead]
    assert "已并入" in pages[follower] and f"/tickets/{lead}" in pages[follower]
    assert "限定范围办理" in pages[restricted] and "墨榆县公安局" in pages[restricted]
    assert "/clues/1" in pages[clued] and "形成线索" in pages[clued] and "退单满 3 次" in pages[clued]
