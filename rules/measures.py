"""What is counted (计数): every measure with its Chinese name, what it counts and by which day, and the source of the word.

A measure is a plain count; rates are made of two of them by the pack's `indicators.toml`. Scope "ticket" counts under
the ticket's current lead department ("" = the hotline itself), scope "leg" under the department that held the ticket.
Sources name the document that asks for the thing; how it is counted is our own convention unless said otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

_OURS = "本系统约定"
_LOOP = "国办发〔2020〕53号：受理、派单、办理、答复、督办、办结、回访、评价闭环；计法为本系统约定"
_RETURNS = "国办函〔2025〕66号：要有异议审核、退单、改派程序；计法为本系统约定"
_BEIJING = "北京“三率”（响应率、解决率、满意率）；计法为本系统约定"


@dataclass(frozen=True, slots=True)
class Measure:
    """One count (计数): `scope` is "ticket" or "leg", `definition` one Chinese sentence with the day that counts."""

    code: str
    name: str
    scope: str
    definition: str
    source: str


_TICKET = (
    (
        "contacts",
        "来件",
        "统计期内登记的每一次来电、来信和留言，按登记当天计，并入未办结工单的再次来电也算。",
        _OURS,
    ),
    (
        "received",
        "受理",
        "统计期内登记的工单，按登记当天计，并入原工单的再次来电和拆单拆出的工单不另算。",
        _LOOP,
    ),
    (
        "split_off",
        "拆出",
        "一次来件反映几件事、拆单时另立的工单，按拆出当天计，不算受理和重复诉求，办理情况记在承办单位名下。",
        _OURS,
    ),
    ("valid", "有效受理", "受理的工单中截至统计时点没有认定为无效的，按登记当天计。", _OURS),
    (
        "invalid",
        "无效",
        "受理的工单中截至统计时点认定为无效的（如无声、打错、测试、辱骂、要素不全），按登记当天计。",
        _OURS,
    ),
    (
        "direct",
        "直接答复",
        "受理的工单中截至统计时点由热线直接答复的，按登记当天计，派出后退回再由热线答复的也算。",
        _LOOP,
    ),
    (
        "dispatched",
        "派单",
        "受理的工单中截至统计时点派给过承办单位、后来没有改为直接答复、不予受理、转紧急或无效的，按登记当天计，派过几次都只算一张。",
        _LOOP,
    ),
    (
        "refused",
        "不予受理",
        "受理的工单中截至统计时点告知不予受理的，按登记当天计。",
        "国办发〔2020〕53号：不受理的范围；计法为本系统约定",
    ),
    (
        "transferred",
        "转紧急",
        "受理的工单中截至统计时点转给110、119、120、122等紧急热线的，按登记当天计。",
        "国办发〔2022〕12号：12345与110对接联动；计法为本系统约定",
    ),
    (
        "waiting",
        "未派",
        "受理的工单中截至统计时点没有派过单、也不属于直接答复、不予受理、转紧急和无效的，按登记当天计，未派单就撤诉或并单的也在内。",
        _OURS,
    ),
    (
        "repeated",
        "重复诉求",
        "受理的工单中认定为接续早先一张工单、同一件事再次反映的，按登记当天计。",
        _OURS,
    ),
    (
        "merged",
        "并单",
        "受理的工单中截至统计时点并入别的工单的，按登记当天计，不计入承办单位的工作量。",
        "国办函〔2025〕66号：重复诉求原则上合并；计法为本系统约定",
    ),
    (
        "closed",
        "办结",
        "截至统计时点已经办结、归档或终结的工单，按办结当天计，重办后再办结的只算最后一次。",
        _LOOP,
    ),
    ("no_reply", "办结未答复", "办结的工单中从头到尾没有一次答复记录的，按办结当天计。", _LOOP),
    (
        "dispatch_due",
        "到期应派单",
        "派单时限已到期的工单，按时限截止当天计，记在热线名下，时限内撤诉的不算。",
        _OURS,
    ),
    (
        "dispatched_on_time",
        "按时派单",
        "到期应派单的工单中在时限内派出或另有去向的，按时限截止当天计。",
        _OURS,
    ),
)

_LEG = (
    ("assigned", "交办", "派给单位主办的工单，按派给这个单位的当天计，退回后又派来的另算一次。", _LOOP),
    (
        "assisted",
        "协办",
        "派给单位协办的工单，按派给这个单位的当天计。",
        "国办函〔2025〕66号：职责不清的会商确定主办和协办；计法为本系统约定",
    ),
    ("first_assigned", "首次交办", "工单第一次派给单位主办，按第一次派出的当天计，每张工单只算一次。", _OURS),
    (
        "first_right",
        "首派准确",
        "首次交办的工单中没有退单同意、后来也没有改由别的单位主办的，按第一次派出的当天计。",
        _OURS,
    ),
    (
        "signed",
        "签收",
        "交办中已经签收的，按派给这个单位的当天计，一次交办只算一次，等于自行签收加自动签收。",
        _LOOP,
    ),
    (
        "signed_by_hand",
        "自行签收",
        "签收中由单位人员自己签收的，按派给这个单位的当天计，超过签收时限才签的也算。",
        _OURS,
    ),
    (
        "signed_automatic",
        "自动签收",
        "签收中到退单期限届满仍没有人签收、由系统自动签收的，按派给这个单位的当天计，签收时限照样算没有守住。",
        "国办函〔2025〕66号：首办责任；计法为本系统约定",
    ),
    ("sign_due", "到期应签收", "签收时限已到期的交办，按时限截止当天计，时限内改派或撤诉的不算。", _OURS),
    ("signed_on_time", "按时签收", "到期应签收的交办中在时限内签收或提出退单的，按时限截止当天计。", _OURS),
    (
        "contact_due",
        "到期应联系",
        "首次联系诉求人的时限已到期的交办，重办的另算，按时限截止当天计，时限内改派、撤诉或已答复而没有被退回的不算。",
        _BEIJING,
    ),
    (
        "responded",
        "按时响应",
        "到期应联系的交办中在时限内联系上诉求人、或三次联系不上的，按时限截止当天计。",
        _BEIJING,
    ),
    (
        "due",
        "到期应办结",
        "办理时限已到期的办理，等于按时办结加超期，按时限截止当天计，每一轮重办另算一次，时限内、挂起中或按时答复后撤诉的不算。",
        _OURS,
    ),
    (
        "on_time",
        "按时办结",
        "到期应办结中在时限内答复并经审核通过的，按时限截止当天计，审核本身的时间不算在内。",
        _OURS,
    ),
    (
        "late",
        "超期",
        "到期应办结中没有在时限内作出经审核通过的答复的，按时限截止当天计，至今没有办完的也算。",
        _OURS,
    ),
    (
        "in_review",
        "到期待审核",
        "办理时限已到期、时限内已答复而审核还没有结论的，按时限截止当天计，暂不列入到期应办结。",
        _OURS,
    ),
    (
        "excused",
        "时限免责",
        "签收、首次联系、办理时限没有守住、经单位申诉由督办员认定免责的，按时限截止当天计，不再列入到期和超期。",
        "回访记录有考核申诉结果一项（上海类地方数据字典）；计法为本系统约定",
    ),
    ("returned", "退单", "交办中单位提出过退单的，按派给这个单位的当天计，一次交办只算一次。", _RETURNS),
    ("returned_accepted", "退单同意", "交办中退单经审核同意的，按派给这个单位的当天计。", _RETURNS),
    ("reassigned", "改派", "交办中由热线改派给别的单位的，按派给这个单位的当天计。", _RETURNS),
    (
        "extended",
        "延期",
        "交办中延期申请获得同意的，按派给这个单位的当天计，延期几次都只算一次。",
        "四川省办法2026、吕梁市办法2024：可以延期；计法为本系统约定",
    ),
    ("done", "单位办结", "单位的答复经热线审核通过，按审核通过的当天计，每一轮重办另算一次。", _LOOP),
    (
        "redone",
        "重办",
        "单位办结中后来又退回重办的，按审核通过的当天计。",
        "山东省级规定2017、青浦区夏阳街道2022：不满意的重新办理；计法为本系统约定",
    ),
    ("called_back", "已回访", "单位办结中回访过诉求人的，按审核通过的当天计，没有打通的也算。", _LOOP),
    (
        "concluded",
        "回访完成",
        "有了结果的回访，接通的按接通当天计，没有接通而按未评价办结的按办结当天计，并单诉求人的回访记在主单的单位名下。",
        _OURS,
    ),
    ("reached", "回访接通", "回访完成中联系上诉求人的，按接通当天计。", _OURS),
    (
        "unrated",
        "未评价",
        "回访完成中没有得到满意与否的回答的，按回访完成当天计，不计入满意可评。",
        _OURS,
    ),
    ("solved_known", "解决可评", "回访中诉求人对是否解决作了回答的，按回访当天计。", _BEIJING),
    ("solved", "解决", "解决可评中诉求人回答已解决的，按回访当天计。", _BEIJING),
    ("satisfied_known", "满意可评", "回访中诉求人对是否满意作了回答的，按回访当天计。", _BEIJING),
    ("satisfied", "满意", "满意可评中诉求人回答满意的，按回访当天计。", _BEIJING),
    (
        "excused_answers",
        "评价免责",
        "回访接通中回答未解决或不满意、经单位申诉由督办员认定免责的，按回访当天计，不再列入解决可评和满意可评。",
        "回访记录有考核申诉结果一项（上海类地方数据字典）；计法为本系统约定",
    ),
    (
        "rated",
        "环节评价",
        "诉求人对受理、派单、办理、答复、回访、办结各环节的星级评价，按评价当天计，同一工单同一环节只算最后一次。",
        "国办发〔2020〕53号：评价环节；计法为本系统约定",
    ),
    (
        "rated_well",
        "好评",
        "环节评价中三星以上的，按评价当天计。",
        _OURS,
    ),
    (
        "urged",
        "催办",
        "工单在单位手里时的催办和诉求人再次来电，按发生当天计，有几次算几次。",
        "某市局12345工作规定：到期前电话催办、次日发催办通知书；计法为本系统约定",
    ),
    ("supervised", "督办", "工单在单位手里时进入督办，按发生当天计，有几次算几次，已撤销的不算。", _LOOP),
    (
        "raised",
        "提级",
        "工单在单位手里时提级，按发生当天计，已撤销的不算。",
        "国办函〔2025〕66号：推诿扯皮的提级办理；计法为本系统约定",
    ),
    (
        "open_change",
        "在办增减",
        "未办结工单的增加减去减少，按发生当天计，从头累加到某一天就是那天结束时的在办。",
        _OURS,
    ),
)

_DERIVED = (
    ("joined", "并入来件", "ticket", "来件减去受理，即并入未办结工单的再次来电，按来电当天计。", _OURS),
    ("open", "在办", "leg", "在办增减从头累加到统计期最后一天，即那天结束时没有办结的工单。", _OURS),
)


def _table(rows: Iterable[Measure]) -> Mapping[str, Measure]:
    return MappingProxyType({each.code: each for each in rows})


#: Every count that is kept, by code, in the order in which people read them.
MEASURES = _table(
    [
        *(Measure(code, name, "ticket", definition, source) for code, name, definition, source in _TICKET),
        *(Measure(code, name, "leg", definition, source) for code, name, definition, source in _LEG),
    ]
)

#: What reports reckon out of them and nobody stores; no pack may make a rate of these.
DERIVED = _table(Measure(*row) for row in _DERIVED)

#: What is surely counted within what, on the same day and under the same department: the whole, then its parts. A rate
#: of any other two could pass 100 %, as "closed this week" does over "received this week".
_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "contacts": ("received",),
        "received": ("valid", "invalid", "repeated", "merged"),
        "valid": ("direct", "dispatched", "refused", "transferred", "waiting"),
        "closed": ("no_reply",),
        "dispatch_due": ("dispatched_on_time",),
        "assigned": ("first_assigned", "signed", "returned", "reassigned", "extended"),
        "signed": ("signed_by_hand", "signed_automatic"),
        "first_assigned": ("first_right",),
        "returned": ("returned_accepted",),
        "sign_due": ("signed_on_time",),
        "contact_due": ("responded",),
        "due": ("on_time", "late"),
        "done": ("redone", "called_back"),
        "concluded": ("reached", "unrated"),
        "reached": ("solved_known", "satisfied_known", "excused_answers"),
        "rated": ("rated_well",),
        "solved_known": ("solved",),
        "satisfied_known": ("satisfied",),
    }
)


def part_of(code: str, whole: str) -> bool:
    """Whether everything that the measure `code` counts is counted by the measure `whole`, too, and not the reverse."""
    return any(code == each or part_of(code, each) for each in _PARTS.get(whole, ()))
