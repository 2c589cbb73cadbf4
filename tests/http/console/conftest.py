"""A console with someone signed in."""

import pytest

from tests.support.people import make_account, sign_in


@pytest.fixture
def enter(hub, system, client):
    """Sign in to `client` as a new user with these roles; returns the account."""

    def enter_as(*roles, name="Ada Test"):
        account = make_account(hub, system, *roles, name=name)
        assert sign_in(client, account).status_code == 303
        return account

    return enter_as


@pytest.fixture
def admin(enter):
    """An administrator who is signed in."""
    return enter("administrator")
