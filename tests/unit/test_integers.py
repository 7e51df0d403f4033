"""Numbers that callers write, of any length."""

import pytest

from nova_lite.common import integers


@pytest.mark.parametrize("text, number", [
    ("0", 0), ("-1", -1), (" 7 ", 7), (12, 12), (1e30, integers.MOST), ("9" * 5000, integers.MOST),
    ("-" + "9" * 5000, -integers.MOST - 1), ("0" * 5000 + "3", 3), ("2147483648", integers.MOST)])
def test_a_number_is_limited_to_the_range_of_a_column(text, number):
    assert integers.within(text) == number


@pytest.mark.parametrize("text", ["", " ", "1.5", "1e5", "nan", "Infinity", "1_000", "\u0663", "x"])
def test_text_that_is_no_whole_number_is_refused(text):
    with pytest.raises(ValueError):
        integers.within(text)


@pytest.mark.parametrize("text, number", [("1", 1), ("999999999", 999999999), ("1000000000", None), ("-1", None),
                                          ("\u0663", None), ("9" * 5000, None), ("", None)])
def test_an_id_is_of_a_row_that_can_be_there(text, number):
    assert integers.row_id(text) == number
