"""The Hub's own keys as files: sealing of columns, and what is wrong with a folder."""

import pytest

from hub.adapters.key_files import KeyFiles, add_data_key, create_keys
from hub.errors import ConfigurationError


@pytest.fixture
def folder(tmp_path):
    create_keys(tmp_path)
    return tmp_path


def test_what_is_sealed_is_opened_in_its_own_place_only(folder):
    keys = KeyFiles(folder)
    sealed = keys.seal("täglich geheim", "row 1")
    assert "geheim" not in sealed
    assert keys.unseal(sealed, "row 1") == "täglich geheim"
    assert keys.seal("täglich geheim", "row 1") != sealed, "each time with a nonce of its own"
    with pytest.raises(ConfigurationError, match="belongs elsewhere"):
        keys.unseal(sealed, "row 2")
    with pytest.raises(ConfigurationError, match="was changed"):
        keys.unseal(sealed[:-6] + "AAAAAA", "row 1")


def test_a_new_key_seals_and_older_ones_still_open(folder):
    keys = KeyFiles(folder)
    before = keys.seal("secret", "x")
    assert keys.is_sealed_anew(before)
    (name,) = [path.name for path in folder.glob("data-*.key")]
    (folder / name).rename(folder / "data-20200101T000000-0000.key")
    moved = before.replace(name.removeprefix("data-").removesuffix(".key"), "20200101T000000-0000")
    add_data_key(folder)
    assert keys.unseal(moved, "x") == "secret"
    assert not keys.is_sealed_anew(moved)
    (folder / "data-20200101T000000-0000.key").unlink()
    with pytest.raises(ConfigurationError, match="is not in"):
        keys.unseal(moved, "x")


def test_a_folder_without_a_data_key_is_a_fault(folder):
    assert KeyFiles(folder).check() == []
    for path in folder.glob("data-*.key"):
        path.unlink()
    assert "hub keys create" in KeyFiles(folder).check()[0]
    assert [name[:5] for name in create_keys(folder)] == ["data-"]
    for path in folder.glob("data-*.key"):
        path.chmod(0o644)
    assert "chmod 600" in KeyFiles(folder).check()[0]
