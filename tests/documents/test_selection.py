"""Pages are chosen by numbers and ranges."""

from __future__ import annotations

import pytest

from photochrom.documents.selection import check_pages, select
from photochrom.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("all", [0, 1, 2, 3, 4]),
        ("ALL", [0, 1, 2, 3, 4]),
        ("2", [1]),
        ("1,3-5", [0, 2, 3, 4]),
        ("4-", [3, 4]),
        ("3, 1, 3", [0, 2]),
    ],
)
def test_pages_are_chosen(text, pages):
    assert select(text, 5) == pages


@pytest.mark.parametrize("text", ["", "0", "a", "3-2", "1,,2", "-3", "1-2-3", "1.5", "all,2"])
def test_what_is_no_list_of_pages_is_refused(text):
    with pytest.raises(ConfigError, match="expected"):
        check_pages(text)


@pytest.mark.parametrize("text", ["6", "2-6", "1,9-"])
def test_a_page_that_does_not_exist_is_refused(text):
    with pytest.raises(ConfigError, match="from 1 to 5"):
        select(text, 5)
