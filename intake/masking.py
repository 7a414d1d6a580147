"""Hides personal details in free text (脱敏): names, numbers, plates, accounts, rooms.

Patterns, not understanding: a name without any sign of being one stays, so a masked text is still only for
those who work on the ticket; the original is sealed. Public short numbers (12345, 110, 96119), dates,
amounts, ticket numbers, roads, estates and buildings stay. Every pattern is bounded: linear time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_letters, digits

from intake.surnames import CLEAR, COMPOUND, FOLLOWERS, NEVER_GIVEN, NOT_A_NAME, UNCLEAR

#: What is written in place of each kind.
TOKENS = {
    "mobile": "[手机号]",
    "landline": "[固话]",
    "identity": "[证件号]",
    "email": "[邮箱]",
    "plate": "[车牌]",
    "bank_card": "[银行卡]",
    "account": "[账号]",
    "name": "[姓名]",
    "house_number": "[门牌]",
}

Found = tuple[str, int, int]

#: A hidden number can uncover the name before it, which now ends at a bracket: look again, so often at most.
#: A hidden name uncovers nothing (see _STOP), else a hostile text could set off an endless row.
_LOOKS = 3

#: Stands for the characters of a hidden name while the rest is looked for; of private use, in no real text.
_HIDDEN_NAME = "\ue000"


@dataclass(frozen=True, slots=True)
class Masked:
    """A text fit to be shown, and what was `found`: (kind, start, end) in the original, in order."""

    text: str
    found: tuple[Found, ...]


def mask(text: str) -> Masked:
    """Hide personal details in `text`; masking a masked text changes nothing.

    Kinds are the keys of TOKENS. Source: 国办函〔2025〕66号 (protection of personal data), 个人信息保护法.
    """
    shadow = text.translate(_NARROW) if _WIDE.search(text) else text
    found: list[Found] = []
    for _ in range(_LOOKS):
        news = list(_details(shadow))
        if not news:
            break
        found = _settled(found + news)
        shadow = _written(shadow, [(hit[1], hit[2], _filler(*hit)) for hit in found])
    return Masked(_written(text, [(start, end, TOKENS[kind]) for kind, start, end in found]), tuple(found))


def _details(shadow: str) -> Iterator[Found]:
    """Everything the patterns see, in no order and overlapping."""
    if _DIGIT.search(shadow):
        yield from _numbers(shadow)
        yield from _grouped(shadow, _BY_DIGITS)
    if _LETTER.search(shadow):
        yield from _grouped(shadow, _BY_LETTERS)
    yield from _grouped(shadow, _BY_WORDS)
    yield from _titled(shadow)


def _grouped(shadow: str, patterns: tuple[tuple[str, re.Pattern[str]], ...]) -> Iterator[Found]:
    """The first group of each match is the detail; what stands before it is the sign and stays."""
    for kind, pattern in patterns:
        for match in pattern.finditer(shadow):
            yield kind, *match.span(1)


def _settled(found: list[Found]) -> list[Found]:
    """In order; details that overlap become one, of the kind that starts first: no rest of one stays."""
    settled: list[Found] = []
    for kind, start, end in sorted(found, key=lambda hit: (hit[1], -hit[2])):
        if settled and start < settled[-1][2]:
            first, begin, last = settled[-1]
            settled[-1] = (first, begin, max(last, end))
        else:
            settled.append((kind, start, end))
    return settled


def _written(text: str, changes: list[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, instead in changes:
        pieces += (text[done:start], instead)
        done = end
    return "".join([*pieces, text[done:]])


def _filler(kind: str, start: int, end: int) -> str:
    """As long as the detail, so that positions stay true, and with the edges its token would have."""
    return _HIDDEN_NAME * (end - start) if kind == "name" else "[" + "]" * (end - start - 1)


# --- Numbers -----------------------------------------------------------------------------------------------

#: One character for one character, so that positions stay those of the original.
_NARROW = {
    **{0xFEE0 + ord(narrow): narrow for narrow in ascii_letters + digits + ":()+-.@#=_"},
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2009\t"), " "),
}
_WIDE = re.compile("[" + "".join(map(chr, _NARROW)) + "]")
_DIGIT = re.compile("[0-9]")
_LETTER = re.compile("[A-Za-z]")

_PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"
_MONTH_DAY = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_GAP = "[ .-]{1,2}"

#: The numbers that begin with a digit. The order matters: what is longer or stricter comes first.
_NUMBER = re.compile(
    rf"(?=[0-9])(?<![0-9])(?:"
    rf"(?P<identity>{_PROVINCE}[0-9]{{4}}[ -]?(?:18|19|20)[0-9]{{2}}{_MONTH_DAY}[ -]?[0-9]{{3}}[0-9Xx]"
    rf"|{_PROVINCE}[0-9]{{6}}{_MONTH_DAY}[0-9]{{3}})(?![0-9])"
    rf"|(?P<bank_card>[0-9]{{4}}(?:[ -]?[0-9]{{4}}){{3}}(?:[ -]?[0-9]{{1,3}})?)(?![0-9])"
    rf"|(?P<mobile>(?:(?:00)?86[ -]{{0,2}}|0)?1(?:[3-9][0-9](?:[ .-]{{0,2}}[0-9]{{4}}){{2}}"
    rf"|[3-9][0-9]{_GAP}[0-9]{{3}}{_GAP}[0-9]{{5}}|[3-9][0-9]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}}"
    rf"|[3-9][0-9]{{2}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{3}}|[3-9][0-9]{{3}}{_GAP}[0-9]{{6}}"
    rf"|[ -][3-9](?:[ -][0-9]){{9}}))(?!\.?[0-9]| ?[元万亿])"
    rf"|(?P<landline>(?<!\.)0(?:10|2[0-9]|[3-9][0-9]{{2}})[)]?[ -]{{0,2}}[2-9][0-9]{{2,3}}[ -]?[0-9]{{4}}"
    rf"(?:(?:-|转)[0-9]{{1,6}})?)(?![0-9])"
    rf")"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_TICKET_WORDS = re.compile(r"(?:单号|编号|工单|订单|案号|票号|流水号|文号|条码)[^0-9\]]{0,6}$")
_CARD_WORDS = re.compile(r"(?:卡号|银行卡|账号|帐号|账户|帐户|储蓄卡|信用卡|社保卡)[^0-9\]]{0,8}$")


def _numbers(shadow: str) -> Iterator[Found]:
    for match in _NUMBER.finditer(shadow):
        kind = str(match.lastgroup)
        start, end = match.span()
        before = shadow[max(0, start - 14) : start]
        if kind == "identity" and not _is_identity(match.group(), before):
            continue
        if kind == "bank_card" and not _is_card(match.group(), before):
            continue
        opened = kind == "landline" and ")" in match.group() and before.endswith("(")
        yield kind, start - opened, end


def _is_identity(written: str, before: str) -> bool:
    """A number called a ticket is an identity number only if its check character says so (GB 11643)."""
    if not _TICKET_WORDS.search(before):
        return True
    plain = re.sub("[ -]", "", written).upper()
    if len(plain) != 18:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, plain, strict=False))
    return plain[17] == "10X98765432"[total % 11]


def _is_card(written: str, before: str) -> bool:
    """Called a card, or the first digits and the check digit of one (ISO/IEC 7812)."""
    if _CARD_WORDS.search(before):
        return True
    plain = re.sub("[ -]", "", written)
    if plain[0] not in "3456" or _TICKET_WORDS.search(before):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(plain))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


# --- Known by their surroundings ---------------------------------------------------------------------------

_COUNT = "[一二三四五六七八九十零〇百两]"
_SPOKEN = "零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
_IS = "(?:是|为|:|=)?[ ]{0,2}"
_NOT_A_ROOM = "[0-9元平户人年米㎡个多层楼万台辆度天次小栋号单]"

_BY_DIGITS = (
    (
        "landline",
        re.compile(
            rf"(?:(?<!热线)(?<!服务)(?<!客服)(?<!监督)电话|联系方式|座机|固话|致电)(?:号码)?{_IS}"
            r"((?!(?:19|20)[0-9]{6})[2-8][0-9]{2,3}-?[0-9]{4})(?![0-9]| ?[元万亿])"
        ),
    ),
    ("house_number", re.compile(rf"(?:[栋幢座]|号楼|#楼?) ?-?([0-9]{{3,4}}[室房号]?)(?!{_NOT_A_ROOM})")),
    ("house_number", re.compile("(?<![0-9])([0-9]{3,4} ?(?:室|房(?![屋产价子款租贷东])))")),
    ("house_number", re.compile("[组队社] ?([0-9]{1,4}号)(?![楼线店院地门电井机路车])")),
    ("house_number", re.compile("(?<![0-9-])([0-9]{1,3}-[0-9]{1,3}-(?!19|20)[0-9]{3,4})(?![0-9-])")),
)

_BY_LETTERS = (
    (
        "email",
        re.compile(
            r"(?<![A-Za-z0-9._%+-])([A-Za-z0-9._%+-]++@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4})"
        ),
    ),
    (
        "plate",
        re.compile(
            "([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z]"
            "[ ·•.-]?(?=[A-Za-z]{0,5}[0-9])"
            "(?:[A-Za-z0-9]{5,6}|[A-Za-z0-9]{4}[学警挂港澳领]))(?![A-Za-z0-9])"
        ),
    ),
    (
        "account",
        re.compile(
            "(?:微信|(?<![A-Za-z])(?:[Ww]e[Cc]hat|[VvWw][Xx]|[Qq][Qq])|扣扣)(?:号码|账号|帐号|号|[Ii][Dd])?"
            rf"{_IS}([A-Za-z][A-Za-z0-9_-]{{5,19}})(?![A-Za-z0-9_-])"
        ),
    ),
    (
        "account",
        re.compile(
            "(?:(?<![A-Za-z])[Qq][Qq]|扣扣|微信号)(?:号码|账号|帐号|号)?"
            rf"{_IS}((?!12345(?![0-9]))[1-9][0-9]{{4,11}})(?![0-9]| ?[元块人个])"
        ),
    ),
    ("identity", re.compile(rf"(?:护照|通行证)(?:号码|号)?{_IS}([A-Za-z]{{1,2}}[0-9]{{7,8}})(?![0-9])")),
)

# --- Names -------------------------------------------------------------------------------------------------

_GIVEN = rf"[^\u0000-\u4dff\ua000-\U0010ffff{NEVER_GIVEN}]"
_FAMILY = f"(?:{COMPOUND}|[{CLEAR}{UNCLEAR}])"
_CLEAR_FAMILY = f"(?:{COMPOUND}|[{CLEAR}])"
_STOP = rf"(?!{_GIVEN}|{_HIDDEN_NAME}|\[姓名\])"
_END = f"{_STOP}|{FOLLOWERS}"

_INTRODUCED = "我叫|我的名字叫|我的名字是|本人叫|名叫|本名|真名|名字叫|名字是|姓名|联系人|收件人"
_PERSON = (
    "本人|我是|业主|村民|市民|居民|当事人|申请人|投诉人|举报人|诉求人|来电人|反映人|户主|房主|车主|租客|房东|法人|代表人|"
    "负责人|经办人|儿子|女儿|丈夫|妻子|老公|老婆|父亲|母亲|爱人|弟弟|哥哥|姐姐|妹妹|司机|老板|死者|伤者|患者|学生|孩子"
)
#: A place, not a person: 村民李家村, 市民张家镇.
_PLACE_END = "村镇县乡组路街园城寨屯区湾市"

_BY_WORDS = (
    (
        "name",
        re.compile(
            rf"(?:{_INTRODUCED}) ?[:是为叫]? ?"
            rf"((?!{NOT_A_NAME}){_FAMILY}(?:{_GIVEN}{{1,2}}?(?={_END})|{_GIVEN}{{2}}))"
        ),
    ),
    (
        "name",
        re.compile(
            rf"(?:{_PERSON})(?:名?叫|是|为|:)? ?"
            rf"((?!{NOT_A_NAME}){_CLEAR_FAMILY}(?!女士|先生|小姐){_GIVEN}{{1,2}}?)(?<![{_PLACE_END}])(?={_END})"
        ),
    ),
    (
        "name",
        re.compile(rf"[子女人孩公婆友他她的]名?叫((?!{NOT_A_NAME}){_FAMILY}{_GIVEN}{{1,2}}?){_STOP}"),
    ),
    ("name", re.compile(f"(?<![百同])姓({_FAMILY})")),
    (
        "mobile",
        re.compile(
            rf"(?<![0-9{_SPOKEN}])([1一幺壹][3-9三四五六七八九叁肆伍陆柒捌玖][0-9{_SPOKEN}]"
            rf"(?:[ -]?[0-9{_SPOKEN}]{{4}}){{2}})(?![0-9{_SPOKEN}])(?!\.?[0-9]| ?[元万亿])"
        ),
    ),
    (
        "house_number",
        re.compile(
            rf"((?:[0-9]{{1,4}}|{_COUNT}{{1,4}}) ?单元 ?(?:(?:[0-9]{{1,2}}|{_COUNT}{{1,3}}) ?[楼层] ?)?"
            rf"(?:[0-9]{{3,4}} ?[室号房]?|{_COUNT}{{2,4}} ?[室号房]|{_COUNT}{{3,4}}"
            rf"|[东西南北中左右]{{1,2}}[户室]))"
            rf"(?!{_NOT_A_ROOM})"
        ),
    ),
    (
        "account",
        re.compile(
            f"(?:支付宝|抖音|快手|微博|陌陌|小红书)(?:账号|帐号|号|ID){_IS}([A-Za-z0-9][A-Za-z0-9_.-]{{4,29}})"
        ),
    ),
)

_TITLE = re.compile("先生|女士|小姐|太太|同志|师傅|大爷|大妈|大姐|大哥|阿姨")
_POLITE = frozenset({"先生", "女士", "小姐", "太太"})
_FULL_NAME = re.compile(rf"(?!{NOT_A_NAME})(?:(?:{COMPOUND}){_GIVEN}{{0,2}}|[{CLEAR}]{_GIVEN}{{1,2}})")


def _titled(shadow: str) -> Iterator[Found]:
    """The name before 先生, 女士 and the like; before 师傅 or 同志 (相关同志) only a clear family name."""
    for match in _TITLE.finditer(shadow):
        start = match.start()
        families = CLEAR + UNCLEAR if match.group() in _POLITE else CLEAR
        length = _name_length(shadow[max(0, start - 4) : start], families)
        if length:
            yield "name", start - length, start


def _name_length(before: str, families: str) -> int:
    """How many of the last characters of `before` are a name; the longest reading hides most."""
    for length in range(len(before), 1, -1):
        if _FULL_NAME.fullmatch(before, len(before) - length):
            return length
    return 1 if before and before[-1] in families else 0
