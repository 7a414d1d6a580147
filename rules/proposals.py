"""What conferring leaves for the catalogue (清单建议): an outcome becomes a rule for the pack's file, which a person copies.

Packs are files with their own review and worked cases; the desk writes no line into them.
"""

import json
from collections.abc import Mapping
from typing import Any

from rules.policy import Policy

#: What can become of a proposal (建议状态).
PROPOSAL_STATES = ("proposed", "accepted", "rejected")
PROPOSAL_WORDS: Mapping[str, str] = {"proposed": "待审定", "accepted": "已采纳", "rejected": "未采纳"}


def pack_lines(row: Mapping[str, Any], policy: Policy) -> str:
    """The entry for routing.toml, ready to be copied; its clause names the ticket that was conferred on."""
    category = policy.categories.get(row["category"])
    name = category.name if category else row["category"]
    lines = [
        "# 放在比它更宽的规则之前；抄好以后运行 hotline pack check 核对。",
        "[[rule]]",
        f'id = "conferred_{row["id"]}"',
        f"name = {_quoted(f'会商：{name}')}",
        f"categories = {_quoted([row['category']])}",
        *([f"areas = {_quoted([row['area']])}"] if row["area"] else []),
        f"lead = {_quoted(row['lead'])}",
        *([f"assists = {_quoted(list(row['assists']))}"] if row["assists"] else []),
        f"clause = {_quoted(_clause(row))}",
    ]
    return "\n".join(lines)


def _clause(row: Mapping[str, Any]) -> str:
    return f"会商确定（工单 {row['ticket']}）：{row['reason']}"


def _quoted(value: str | list[str]) -> str:
    """A basic string or an array of TOML; JSON writes both the same, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def like_before(row: Mapping[str, Any], policy: Policy) -> str:
    """The sentence for whoever must decide on a like matter."""
    lead = policy.departments.get(row["lead"])
    name = lead.name if lead else f"{row['lead']}（不在目录）"
    return f"同类事项曾经会商：主办 {name}（工单 {row['ticket']}）。"
