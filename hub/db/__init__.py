"""The database: table metadata, connections, the unit of work and the outbox."""

from hub.db.base import Base, TenantOwned, Timestamped
from hub.db.database import Database, UnitOfWork

__all__ = ["Base", "Database", "TenantOwned", "Timestamped", "UnitOfWork"]
