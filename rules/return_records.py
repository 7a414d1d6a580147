"""The rows of returns.toml, typed (退单、延期、申诉、挂起、联系、整改、回访): how often, and within how many days."""

from dataclasses import dataclass

from rules.terms import Budget


@dataclass(frozen=True, slots=True)
class ReturnRule:
    """Sending a ticket back (退单): the window, counted from dispatch, and what a repeated return needs.

    From the `head_from`-th return the head's name is needed, from the `confer_from`-th it goes to conferring.
    """

    window: Budget
    head_from: int
    confer_from: int
    clause: str


@dataclass(frozen=True, slots=True)
class AppealRule:
    """How long a department may object to what was counted against it (申诉期限)."""

    window: Budget
    clause: str


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """More time (延期): at most `times` times, each at most `each`, asked for before expiry."""

    times: int
    each: Budget
    before_expiry: bool
    clause: str


@dataclass(frozen=True, slots=True)
class SuspensionReason:
    """A ground for pausing (挂起事由), and for how many calendar days at most."""

    code: str
    name: str
    max_days: int
    clause: str


@dataclass(frozen=True, slots=True)
class ContactRule:
    """The first contact (首次联系): so many logged attempts count as one although nobody was reached."""

    attempts: int
    clause: str


@dataclass(frozen=True, slots=True)
class RectifyRule:
    """By when a department is asked to have put things right (整改期限), counted from the draft."""

    within: Budget
    clause: str


@dataclass(frozen=True, slots=True)
class CallbackRule:
    """Calling back (回访): not reached in `attempts` tries on at least `days` different days = 未评价."""

    attempts: int
    days: int
    clause: str
    #: On what an answer of the caller rests; empty where the pack does not say.
    answer_clause: str = ""
