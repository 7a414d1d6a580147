"""Lines are found although tomllib gives none (规则包行号)."""

import pytest

from rules.pack_lines import find_lines

TRICKY = '''# [[row]] in a comment
top = "[[row]] in a text # no comment"
many = [
  "a # b",  # c ]
  """
x = 1
""",
]

[[row]]
one = 1
"two" = { three = 3, four = [
  4 ] }
[[ row ]] # again
long = \'\'\'
[[row]]
one = 5
\'\'\'
one = 1
[row.below]
deep = 1
[single]
one = 1
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("", 0, "top"), 2),
        (("", 0, "many"), 3),
        (("row", 0, ""), 10),
        (("row", 0, "one"), 11),
        (("row", 0, "two"), 12),
        (("row", 1, ""), 14),
        (("row", 1, "long"), 15),
        (("row", 1, "one"), 19),
        (("row", 1, "below"), 20),
        (("single", 0, ""), 22),
        (("single", 0, "one"), 23),
        (("row", 2, ""), None),
        (("", 0, "x"), None),
    ],
)
def test_lines_are_found_past_texts_and_comments_that_look_like_tables(
    place: tuple[str, int, str], line: int | None
) -> None:
    assert find_lines(TRICKY).get(place) == line
