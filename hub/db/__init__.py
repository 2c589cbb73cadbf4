"""The database: table metadata, connections, the unit of work and the outbox."""

from hub.db.base import Base, TenantOwned, Timestamped
from hub.db.database import Database, UnitOfWork
from hub.db.row_security import EVERY_TENANT, TenantScope

__all__ = ["EVERY_TENANT", "Base", "Database", "TenantOwned", "TenantScope", "Timestamped", "UnitOfWork"]
