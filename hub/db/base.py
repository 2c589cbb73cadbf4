"""What all tables have in common."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, MetaData, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

# Fixed names, so that a later migration can name the constraint that it changes.
_NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}


class Base(DeclarativeBase):
    """The declarative base: one metadata for the whole Hub, so that migrations see every table."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        str: Text(),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class TenantOwned:
    """A row that belongs to one tenant; every query of it names the tenant."""

    @declared_attr
    @classmethod
    def tenant_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), index=True)


class Timestamped:
    """A row that tells when it was made."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
