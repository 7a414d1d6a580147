"""What a reader of a ticket is not told of it (遮去): clues that have not come to them, numbers out of their sight, seals."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from rules.access import CLUE_STATES, Sight
from rules.terms import Act, ClockKind, Happened, Role

Row = Mapping[str, Any]

#: Stands for the number of a ticket that is out of the reader's sight.
OUT_OF_SIGHT = "（限定范围）"
#: A notice has no kind, nor has what was undone; those about a clue all say this word.
_CLUE_WORD = "线索"


@dataclass(frozen=True, slots=True)
class Veil:
    """Over the rows of one ticket: `clues` are those in `sight`, `unseen` the number that may not be told."""

    sight: Sight
    clues: Sequence[Row]
    unseen: str | None

    @property
    def _all_clues(self) -> bool:
        return set(CLUE_STATES) <= set(self.sight.clues)

    def events(self, rows: Sequence[Row]) -> list[Row]:
        """The history without what is sealed, and without marks of clues that are not known."""
        steps = {
            each["step"] for each in rows if each["kind"] in (Happened.CLUE_OPENED, Happened.CLUE_SENT_UP)
        }
        told = (each for each in rows if self._all_clues or not self._hides(each, steps))
        left_out = ("sealed",) if self._all_clues or self.clues else ("sealed", "clue")
        return self.rows(
            [
                {**each, "data": {key: value for key, value in each["data"].items() if key not in left_out}}
                for each in told
            ]
        )

    def decisions(self, rows: Sequence[Row]) -> list[Row]:
        """The decisions; what was decided on a clue, or took it back, only where the clue is known."""
        return self.rows([each for each in rows if not _on_clue(each) or self._knows(each["rule"])])

    def clocks(self, rows: Sequence[Row]) -> list[Row]:
        """The clocks; that of a clue only where one is known."""
        return [each for each in rows if each["kind"] != ClockKind.CLUE or self._all_clues or self.clues]

    def notices(self, rows: Sequence[Row]) -> list[Row]:
        """The notices; a department reads those that went to it."""
        if self.sight.of_department:
            rows = [each for each in rows if each["department"] == self.sight.department]
        knows = self._all_clues or bool(self.clues)
        return self.rows([each for each in rows if knows or not _of_clue(each)])

    def rows(self, rows: Sequence[Row]) -> list[Row]:
        """`rows` without the number that may not be told."""
        return [each if self.unseen is None else _without(self.unseen, each) for each in rows]

    def _hides(self, event: Row, steps: Set[str | None]) -> bool:
        """Events of a clue that has not come to the reader; `steps` are those of clues, which can be undone by name."""
        data = event["data"]
        match event["kind"]:
            case Happened.CLUE_OPENED:
                return not self._knows(event["step"])
            case Happened.CLUE_SETTLED:
                return not self._knows(data.get("opened"))
            case Happened.CLUE_SENT_UP:
                return not self.clues
            case Happened.UNDONE:
                return data.get("step") in steps and not self._knows(data["step"])
            case _:
                return data.get("clock") == ClockKind.CLUE and not self.clues

    def _knows(self, step: str | None) -> bool:
        return self._all_clues or any(each["step"] == step for each in self.clues)


def _on_clue(decision: Row) -> bool:
    return decision["act"] in (Act.SETTLE_CLUE, Act.UNDO) and _CLUE_WORD in decision["because"]


def _of_clue(notice: Row) -> bool:
    return notice["receiver"] == Role.DISCIPLINE or _CLUE_WORD in notice["words"]


def _without(number: str, value: Any) -> Any:
    match value:
        case str():
            return value.replace(number, OUT_OF_SIGHT)
        case dict():
            return {key: _without(number, each) for key, each in value.items()}
        case list():
            return [_without(number, each) for each in value]
        case _:
            return value
