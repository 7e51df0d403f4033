"""Numbers that callers write, of any length."""

import pytest

from nova_lite.common import numbers


@pytest.mark.parametrize("text, number", [
    ("0", 0), ("-1", -1), (" 7 ", 7), (12, 12), (1e30, numbers.MOST), ("9" * 5000, numbers.MOST),
    ("-" + "9" * 5000, -numbers.MOST - 1), ("0" * 5000 + "3", 3), ("2147483648", numbers.MOST)])
def test_a_number_is_at_most_what_a_column_holds(text, number):
    assert numbers.within(text) == number


@pytest.mark.parametrize("text", ["", " ", "1.5", "1e5", "nan", "Infinity", "1_000", "\u0663", "x"])
def test_what_is_no_whole_number_is_told(text):
    with pytest.raises(ValueError):
        numbers.within(text)


@pytest.mark.parametrize("text, number", [("1", 1), ("999999999", 999999999), ("1000000000", None), ("-1", None),
                                          ("\u0663", None), ("9" * 5000, None), ("", None)])
def test_an_id_is_of_a_row_that_can_be_there(text, number):
    assert numbers.row_id(text) == number
