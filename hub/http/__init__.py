"""HTTP done once: identity, errors, paging, request context. Views of every area build on it."""

from hub.http.access import Authenticator, action, public
from hub.http.context import principal, service
from hub.http.problem import register_dialect

__all__ = ["Authenticator", "action", "principal", "public", "register_dialect", "service"]
