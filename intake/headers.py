"""Finding columns by the names that people give them (表头): one column for each field, the needed ones all there."""

from collections.abc import Collection, Mapping, Sequence

from rules.errors import BadInput


def places(
    header: Sequence[str], names: Mapping[str, tuple[str, ...]], needed: Collection[str], hint: str
) -> dict[str, int]:
    """Where each field of `names` stands; the second name of each is the one that people are told.

    Raises BadInput for an empty header, a field that is missing or has several columns.
    """
    said = [cell.strip().removeprefix("\ufeff").strip() for cell in header]
    if not any(said):
        raise BadInput("文件是空的，没有表头。")
    found: dict[str, int] = {}
    for field, known in names.items():
        at = [place for place, name in enumerate(said) if name in known]
        if len(at) > 1:
            raise BadInput(f"表头里“{known[1]}”有几列，分不清用哪一列。", "请只留一列。")
        if at:
            found[field] = at[0]
    missing = [names[field][1] for field in needed if field not in found]
    if missing:
        raise BadInput(f"文件里没有这些列：{'、'.join(missing)}。", hint)
    return found
