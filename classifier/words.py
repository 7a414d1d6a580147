"""Words of a text (分词): jieba with our own dictionary, for explaining and for search, not for routing."""

import hashlib
import logging
from functools import lru_cache

import jieba

#: Words of the hotline that jieba's own dictionary cuts apart; general terms, no names.
OWN_WORDS = (
    "占道经营", "噪音扰民", "油烟扰民", "施工扰民", "违章停车", "乱停乱放", "农民工工资", "住房公积金",
    "不动产证", "维修基金", "业主委员会", "共享单车", "充电桩", "广场舞", "高空抛物", "群租房",
    "一房多卖", "加装电梯", "电梯故障", "消防通道", "飞线充电", "小广告", "公租房", "失业金",
    "异地就医", "医保报销", "新能源车", "露天烧烤", "垃圾分类", "建筑垃圾", "渣土车", "校外培训",
    "网络诈骗", "装修噪音", "生育津贴", "工伤认定", "劳动仲裁", "承办单位",
)  # fmt: skip
_FREQUENCY = 20_000


class _Tokenizer(jieba.Tokenizer):  # type: ignore[misc]  # jieba ships no types
    """jieba reads its dictionary itself, without the marshalled cache it shares in the temporary folder."""

    initialized: bool

    def initialize(self, dictionary: str | None = None) -> None:
        """Read the dictionary of the package and our words, once; `dictionary` is jieba's and not used."""
        with self.lock:
            if self.initialized:
                return
            self.FREQ, self.total = self.gen_pfdict(self.get_dict_file())
            self.initialized = True
            for word in OWN_WORDS:
                self.add_word(word, _FREQUENCY)


@lru_cache(maxsize=1)
def tokenizer() -> jieba.Tokenizer:
    """The one tokenizer of this process; 0.7 s and 80 MB the first time: call it before a fork.

    Nobody changes it afterwards: an added word would change the answers of every later ticket.
    """
    jieba.setLogLevel(logging.WARNING)
    made = _Tokenizer()
    made.initialize()
    return made


def cut(text: str) -> list[str]:
    """The words of `text` in order; joined they give `text` again."""
    return list(tokenizer().cut(text, HMM=True))


@lru_cache(maxsize=1)
def dictionary_hash() -> str:
    """SHA-256 over jieba's dictionary and our own words: names the cutting a bundle was explained with."""
    with _Tokenizer().get_dict_file() as source:
        digest = hashlib.sha256(source.read())
    digest.update("\n".join(OWN_WORDS).encode())
    return digest.hexdigest()
