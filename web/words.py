"""The words of the pages and of field names (界面用语)."""

from collections.abc import Mapping
from types import MappingProxyType

from rules.access import ROLE_WORDS
from rules.lifecycle import STAGES
from rules.terms import Stage

#: What a citizen reads instead of the desk's own stage.
CITIZEN_STAGES: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.RECEIVED: "已收到",
        Stage.INCOMPLETE: "等待您补充信息",
        Stage.INVALID: "未能受理",
        Stage.REFUSED: "不属于热线受理范围",
        Stage.TRANSFERRED: "已转紧急部门",
        Stage.ANSWERED: "已答复",
        Stage.TO_DISPATCH: "已收到，正在确定承办单位",
        Stage.TO_SIGN: "已转交承办单位",
        Stage.RETURNED: "正在核定承办单位",
        Stage.CONFERRING: "正在会商承办单位",
        Stage.HANDLING: "正在处理",
        Stage.SUSPENDED: "正在处理，需要较长时间",
        Stage.REVIEWING: "处理结果正在审核",
        Stage.TO_CALL_BACK: "已答复，将电话回访",
        Stage.CLOSED: "已办结",
        Stage.ENDED: "已终结答复",
        Stage.WITHDRAWN: "已撤回",
        Stage.MERGED: "与同类诉求一并处理",
        Stage.ARCHIVED: "已归档",
    }
)

FIELD_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "accept": "是否同意",
        "actor": "查看人",
        "category": "类别",
        "receipt": "上级回执",
        "agent": "代办员",
        "anonymous": "匿名",
        "answer": "统一口径",
        "appointment": "预约",
        "approve": "是否通过",
        "areas": "区域代码",
        "article": "知识库条目",
        "assists": "协办单位",
        "at": "预约时间",
        "begins_at": "开始时间",
        "caller": "诉求人",
        "channel": "渠道",
        "code": "查询码",
        "confidential": "保密",
        "confirm": "是否确认",
        "counter": "预约窗口",
        "cursor": "翻页位置",
        "department": "承办单位",
        "due_at": "指定的办结时间",
        "due_before": "此前到期",
        "elements": "补充的要素",
        "ends_at": "结束时间",
        "enterprise": "企业名称",
        "evidence": "证明",
        "external_id": "外部编号",
        "event": "办理经过里的记录编号",
        "field": "要查看的内容",
        "for": "替谁代办",
        "head": "单位主要负责人姓名",
        "into": "并入的工单编号",
        "earlier": "前单的编号",
        "lead": "主办单位",
        "legal_path": "法定途径",
        "level": "审核级别",
        "limit": "每页条数",
        "line": "紧急号码",
        "login": "用户名",
        "malicious": "是否恶意",
        "name": "姓名",
        "number": "工单编号",
        "occasion": "接听、接访、下访或意见征集",
        "occurred_at": "发生时间",
        "order": "排序",
        "outcome": "会商结果",
        "overdue": "是否超期",
        "parts": "拆出的各件事",
        "password": "口令",
        "phone": "电话",
        "place": "地点",
        "proxy": "代办",
        "public_words": "公开答复",
        "q": "搜索词",
        "reached": "是否联系上",
        "reason": "理由",
        "reason_code": "理由代码",
        "recording_id": "录音编号",
        "restricted": "限定范围",
        "running": "是否在用",
        "satisfied": "是否满意",
        "solved": "是否解决",
        "source_line": "来源热线",
        "stage": "阶段",
        "stars": "星级",
        "state": "线索状态",
        "step": "要撤销的升级",
        "suggested_department": "建议承办单位",
        "text": "诉求内容",
        "title": "标题",
        "type": "诉求类型",
        "until": "复核日期",
        "upper_due_at": "上级要求的办结时间",
        "upper_number": "上级编号",
        "urgency": "紧急程度",
        "version": "工单版本，见工单详情",
        "words": "内容",
        "workdays": "工作日数",
    }
)

#: Receivers of notices that are no role of ours but words of the ladder.
RECEIVER_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{role.value: words for role, words in ROLE_WORDS.items()},
        "department_head": "单位主要负责人",
        "duty_office": "总值班室",
        "duty_officer": "值班人员",
        "hotline_authority": "热线主管机构",
        "section_head": "经办科室负责人",
        "county_leader": "县分管领导",
    }
)

STAGE_WORDS: Mapping[Stage, str] = MappingProxyType({stage: row.words for stage, row in STAGES.items()})

#: Levels of supervision.
LEVEL_WORDS: Mapping[int, str] = MappingProxyType({1: "一", 2: "二", 3: "三"})

PART_WORDS: Mapping[str, str] = MappingProxyType({"lead": "主办", "assist": "协办"})

ACTOR_WORDS: Mapping[str, str] = MappingProxyType({"system": "系统", "citizen": "诉求人"})

#: What became of a clue.
CLUE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "待审定",
        "sent_up": "逾期未审，已上报",
        "confirmed": "已确认",
        "rejected": "已驳回",
        "undone": "已撤销",
    }
)

#: How a ticket stands to the one that is looked at.
KIN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "earlier": "前单",
        "merged_into": "已并入",
        "later": "后续工单",
        "followers": "并入的工单",
        "split_from": "拆自",
        "parts": "同一来件拆出",
    }
)
