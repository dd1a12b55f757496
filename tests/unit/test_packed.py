"""A file that is kept packed is read as it was, however it came in, and as often as one likes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.constant_contact.packed import Packed

#: No line ends but these two: csv reads what lies between.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=2000)


@given(TEXTS, st.integers(1, 50))
def test_what_was_added_in_portions_is_read_as_lines_again_and_again(text: str, size: int) -> None:
    content = text.removeprefix("\ufeff").encode()
    file = Packed()
    for start in range(0, len(content), size):
        file.add(content[start : start + size])

    assert "".join(file.lines()) == content.decode()
    assert "".join(file.lines()) == content.decode()


def test_a_file_far_larger_than_any_buffer_comes_back_whole() -> None:
    lines = [f"{number},{'x' * (number % 300)}\r\n" for number in range(20_000)]

    assert list(Packed(line.encode() for line in lines).lines()) == lines


def test_a_byte_order_mark_is_left_out_and_what_is_no_text_is_replaced() -> None:
    assert list(Packed([b"\xef\xbb\xbfa\n", b"\xff\n"]).lines()) == ["a\n", "\ufffd\n"]


def test_nothing_is_no_line() -> None:
    assert list(Packed().lines()) == []
