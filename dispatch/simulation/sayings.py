"""What invented callers say (虚构的诉求): phrases of a pack's catalogue at its places, endless, the same for the same dice."""

from dataclasses import dataclass
from random import Random

from rules.policy import Policy

_SINCE = ("昨天", "前天", "上个星期", "半个月前", "今天早上", "国庆节以后", "入秋以来", "上个月")
_WISH = (
    "请尽快派人处理。",
    "希望有关部门管一管。",
    "打了好几次电话都没有人来。",
    "望答复。",
    "大家意见都很大。",
)
#: For a pack whose catalogue has no examples.
_PLAIN = ("门口的路坏了没有人修", "楼下半夜还在施工", "想问一下办事要带哪些材料", "垃圾好几天没有人清")


@dataclass(frozen=True, slots=True)
class Saying:
    """One message: the words, the name of the place, and the department of the catalogue, if it names one."""

    text: str
    place: str
    department: str | None


class Sayings:
    """The sentences that a pack's catalogue and places allow."""

    def __init__(self, policy: Policy) -> None:
        """A pack without examples or without places gets plain ones."""
        catalogue = policy.categories.values()
        self._phrases = [(phrase, each.department) for each in catalogue for phrase in each.phrases]
        self._phrases = self._phrases or [(phrase, None) for phrase in _PLAIN]
        self._places = [each.name for each in policy.areas.values() if each.level >= 2] or ["本地"]

    def draw(self, dice: Random, mark: str) -> Saying:
        """One sentence; `mark` keeps it apart from all others."""
        place, since = dice.choice(self._places), dice.choice(_SINCE)
        phrase, department = dice.choice(self._phrases)
        text = f"{place}：{phrase}。{since}就这样了，{dice.choice(_WISH)}编号{mark}。"
        return Saying(text, place, department)
