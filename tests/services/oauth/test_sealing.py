"""A new key seals every sealed column anew."""

import shutil
from dataclasses import replace
from uuid import uuid4

import pytest

from hub.adapters.key_files import KeyFiles, add_data_key
from hub.bootstrap import build
from hub.db import EVERY_TENANT, Base
from hub.oauth.services.providers import NewProvider, Providers, secret_context
from hub.oauth.services.sealing import SEALED, Sealing
from hub.oauth.storage.tables import IdentityProvider


@pytest.fixture
def turned(hub, settings, tmp_path):
    """The Hub with a key folder of its own, whose data key can be turned."""
    shutil.copytree(settings.keys_dir, tmp_path / "keys")
    composed = build(replace(settings, keys_dir=str(tmp_path / "keys")))
    yield composed, tmp_path / "keys"
    composed.close()


def test_after_a_rotation_no_value_needs_an_older_key(turned, system, hub):
    composed, folder = turned
    wanted = NewProvider("oidc", "X", f"https://{uuid4().hex}.example", "id", "the secret", default_roles=("author",))
    made = composed.service(Providers).create(system, wanted)
    older = list(folder.glob("data-*.key"))
    name = "data-99991231T235959-ffff.key"
    (folder / add_data_key(folder)).rename(folder / name)
    try:
        assert composed.service(Sealing).reseal() >= 1
        assert composed.service(Sealing).reseal() == 0
        for path in older:
            path.unlink()
        with composed.db.read(EVERY_TENANT) as session:
            kept = session.get(IdentityProvider, made.id).client_secret
        assert kept.startswith("99991231T235959-ffff.")
        assert KeyFiles(folder).unseal(kept, secret_context(made.id)) == "the secret"
    finally:  # The other tests have the older key.
        with composed.db.unit_of_work(EVERY_TENANT) as work:
            for table, *_ in SEALED:
                work.session.query(table).delete()


def test_every_sealed_column_is_in_the_list():
    """Columns whose name says that they hold a secret, in any table."""
    listed = {(table.__tablename__, column) for table, _, column, _ in SEALED}
    secret = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name in {"client_secret", "seed", "secret", "private_key", "password"}
    }
    assert secret <= listed
