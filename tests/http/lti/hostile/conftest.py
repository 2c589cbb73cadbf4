"""A launch that is let in, for all that is not."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from hub.lti.spec import vocabulary as v
from tests.http.lti.hostile.attack import Attack
from tests.support.lti_platform import LtiPlatform


@pytest.fixture
def good(client: FlaskClient, platform: LtiPlatform, package: UUID) -> Attack:
    """A launch that is let in as it stands."""
    login = platform.begin(client)
    claims = platform.claims(login, **{v.CUSTOM: {"package_id": str(package)}}, **platform.ags())
    return Attack(client, platform, login, claims)
