"""What table programs do to the cells of a list (表格软件改写的单元格)."""

import re

from rules.errors import BadInput

#: How they write a long number that was not kept as text; its last digits are gone.
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)


def whole_number(cell: str, what: str) -> str:
    """The number in a cell, trimmed. Raises BadInput where a table program has rounded it: many would look like one."""
    said = cell.strip()
    if _ROUNDED.fullmatch(said):
        raise BadInput(
            f"{what}“{said}”被表格软件改成了科学计数，末几位已经丢失；请把这一列设为文本格式，从原系统重新导出。"
        )
    return said
