"""A platform at loopback that is registered with the Hub, and a browser that comes from it."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.tenants import TenantView
from tests.support.courses import add_course
from tests.support.lti_platform import LtiPlatform, running


@pytest.fixture
def platform(hub: Hub, system: Principal) -> Iterator[LtiPlatform]:
    """A running platform that the test's tenant knows."""
    with running(LtiPlatform()) as made:
        hub.service(Platforms).add(system, PlatformDetails(**made.details()))
        yield made


@pytest.fixture
def package(hub: Hub, tenant: TenantView) -> UUID:
    """A package of the test's tenant that learners can start."""
    return add_course(hub.db, tenant.id)
