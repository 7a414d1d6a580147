"""Ticket numbers and query codes (工单编号、查询码): area, day, sequence, check digit.

A number is the 6-digit area code, the local day of receipt as yyyymmdd, at least 6 digits of sequence and one check
digit after ISO 7064 MOD 11,10, which catches every single wrong digit and nearly all swaps when read over the phone.
"""

_SHORTEST = 6 + 8 + 6 + 1


def check_digit(digits: str) -> str:
    """The ISO 7064 MOD 11,10 check digit of a string of decimal digits."""
    carry = 10
    for digit in digits:
        total = (carry + int(digit)) % 10
        carry = (total or 10) * 2 % 11
    return str((11 - carry) % 10)


def compose(area: str, day: str, sequence: int) -> str:
    """The number of the `sequence`-th ticket of `day` (yyyymmdd) in `area` (6 digits); grows past 999,999."""
    body = f"{area}{day}{sequence:06d}"
    return body + check_digit(body)


def is_sound(number: str) -> bool:
    """Whether `number` has the shape and the check digit of a ticket number."""
    if len(number) < _SHORTEST or not (number.isascii() and number.isdigit()):
        return False
    return check_digit(number[:-1]) == number[-1]
