"""The bridge to pylti1p3: its launch, login and service classes over our tables, keys, HTTP client and Redis.

pylti1p3 2.0.0 gives the shape of the protocol. Where it is weaker than the specification or than safety asks, the
method is overridden here, with the reason beside it; the rules themselves are in `hub.lti.spec`. Nothing outside this
package imports pylti1p3.
"""

from hub.lti.pylti_bridge.bridge import Bridge
from hub.lti.pylti_bridge.connector import PlatformRefused
from hub.lti.pylti_bridge.grades import Grades
from hub.lti.pylti_bridge.login import LoginRecord, LoginRedirect, PlatformStorage, UnboundBrowser
from hub.lti.pylti_bridge.memberships import Listed

__all__ = [
    "Bridge",
    "Grades",
    "Listed",
    "LoginRecord",
    "LoginRedirect",
    "PlatformRefused",
    "PlatformStorage",
    "UnboundBrowser",
]
