"""Invented messages (虚构诉求) for load: phrases and places of the demo county, each with words and a caller of its own."""

import json
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

from rules.policy import Policy

_SINCE = ("昨天", "前天", "上个星期", "半个月前", "今天早上", "国庆节以后", "入秋以来", "上个月")
_WISH = (
    "请尽快派人处理。",
    "希望有关部门管一管。",
    "打了好几次电话都没有人来。",
    "望答复。",
    "大家意见都很大。",
)


def messages(policy: Policy, seed: int) -> Iterator[dict[str, Any]]:
    """Endless bodies for `POST /api/tickets`; the same seed gives the same row. No two share a text or a caller.

    Callers have numbers of the country code 999, which is nobody's.
    """
    dice = Random(seed)
    phrases = [phrase for each in policy.categories.values() for phrase in each.phrases]
    places = [each.name for each in policy.areas.values() if each.level >= 2]
    for n in count():
        place, since = dice.choice(places), dice.choice(_SINCE)
        text = f"{place}：{dice.choice(phrases)}。{since}就这样了，{dice.choice(_WISH)}编号{seed}-{n}。"
        yield {
            "channel": "phone",
            "text": text,
            "type": dice.choice(("help", "complain", "consult", "suggest", "report")),
            "caller": {"name": f"来电人{n}", "phone": f"+999{seed % 1000:03d}{n:08d}"},
            "place": place,
        }


def bodies(policy: Policy, seed: int) -> Iterator[bytes]:
    """The same as JSON."""
    for each in messages(policy, seed):
        yield json.dumps(each, ensure_ascii=False).encode()
