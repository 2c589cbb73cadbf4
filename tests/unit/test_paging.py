"""Cursors are self-contained and cannot be made up."""

from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.http.paging import Cursors, page_of

cursors = Cursors(b"k" * 32)
app = Flask(__name__)


@pytest.fixture(autouse=True, scope="module")
def in_a_listing() -> Iterator[None]:
    with app.test_request_context("/packages"):
        yield


@given(st.lists(st.one_of(st.integers(-(2**53), 2**53), st.text(), st.booleans(), st.none()), max_size=4))
def test_a_cursor_comes_back_as_it_went(key):
    assert cursors.decode(cursors.encode(key)) == key


@given(st.text(max_size=60))
def test_a_made_up_cursor_is_refused(text):
    with pytest.raises(Invalid):
        cursors.decode(text)


def test_a_cursor_of_another_secret_is_refused():
    with pytest.raises(Invalid):
        cursors.decode(Cursors(b"x" * 32).encode([1]))


def test_a_cursor_of_another_listing_is_refused():
    cursor = cursors.encode([1])
    with app.test_request_context("/learners"), pytest.raises(Invalid):
        cursors.decode(cursor)


def test_the_last_page_has_no_next():
    assert page_of([1, 2], 2, lambda row: [row]).next_key is None
    page = page_of([1, 2, 3], 2, lambda row: [row])
    assert (page.rows, page.next_key) == ([1, 2], [2])
