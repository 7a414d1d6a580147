"""The five elements, told or missing."""

from datetime import datetime

import pytest

from intake.elements import elements, missing_elements
from intake.request import build
from rules.terms import CHINA

NOW = datetime(2026, 7, 14, 9, 30, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("raw", "missing"),
    [
        (
            {
                "text": "昨天晚上柳溪小区3号楼停水，打过物业电话，至今没有人来",
                "caller": {"name": "张三", "phone": "13812345678"},
            },
            (),
        ),
        ({"text": "我叫张三，今天东街路口积水，已经报修过"}, ()),
        ({"text": "路灯坏了"}, ("姓名", "时间", "地点", "经过")),
        ({"text": "你好"}, ("姓名", "时间", "地点", "起因", "经过")),
        ({"text": "你好", "caller": {"anonymous": True}}, ("时间", "地点", "起因", "经过")),
        ({"text": "你好", "caller": {"phone": "13812345678"}}, ("时间", "地点", "起因", "经过")),
        ({"text": "你好", "place": "东街", "occurred_at": "2026-07-13"}, ("姓名", "起因", "经过")),
        ({"text": "东街停水，从早上开始，没有通知"}, ("姓名",)),
    ],
)
def test_missing_elements_are_named_in_the_order_they_are_asked(
    raw: dict[str, object], missing: tuple[str, ...]
) -> None:
    assert missing_elements(build(raw, NOW)) == missing


def test_elements_show_the_words_that_speak_for_them() -> None:
    found = elements(build({"text": "昨天柳溪小区停水，物业拒绝处理", "caller": {"anonymous": True}}, NOW))
    assert found.name == "匿名"
    assert found.time == "昨天"
    assert found.place == "昨天柳溪小区"
    assert found.cause == "停水"
    assert found.course == "拒绝"
