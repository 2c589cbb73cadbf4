"""`hub doctor` warns about secrets that are none."""

import pytest

from hub.config import Settings
from hub.weak_secrets import weak_secrets

GOOD = {
    "database_url": "postgresql://hub:f3Qz-9kLw-77Tp-xY2b@db.example/hub",
    "redis_url": "rediss://:b7Rk-2mVd-45Qs-pN8c@redis.example/0",
    "public_url": "https://hub.example",
    "content_url": "https://content.example",
    "trusted_proxies": "10.0.0.1",
}


def test_good_secrets_are_left_alone():
    assert weak_secrets(Settings(**GOOD)) == []
    here = {"database_url": "postgresql://hub@127.0.0.1/hub", "redis_url": "redis://127.0.0.1/0"}
    assert weak_secrets(Settings(**here)) == []


def test_without_a_known_proxy_everybody_has_its_address():
    [sentence] = weak_secrets(Settings(**GOOD | {"trusted_proxies": ""}))
    assert "HUB_TRUSTED_PROXIES" in sentence
    here = {"public_url": "http://localhost:8000", "content_url": "http://content.localhost:8000"}
    assert weak_secrets(Settings(**GOOD | here | {"trusted_proxies": ""})) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"database_url": "postgresql://hub:hub@db.example/hub"}, "HUB_DATABASE_URL"),
        ({"database_url": "postgresql://hub:Password123!@db.example/hub"}, "HUB_DATABASE_URL"),
        ({"database_url": "postgresql://a-long-user-name:a-long-user-name@db.example/hub"}, "HUB_DATABASE_URL"),
        ({"database_url": "postgresql://hub:aaaaaaaaaaaaaaaaaaaaaaaa@db.example/hub"}, "HUB_DATABASE_URL"),
        ({"database_url": "postgresql://hub@db.example/hub"}, "no password"),
        ({"redis_url": "redis://:b7Rk-2mVd-45Qs-pN8c@redis.example/0"}, "in the clear"),
        ({"redis_url": "rediss://redis.example/0"}, "no password"),
        ({"s3_secret_access_key": "minioadmin"}, "HUB_S3_SECRET_ACCESS_KEY"),
        ({"public_url": "http://hub.example"}, "Use https"),
    ],
)
def test_a_weak_one_is_named_without_showing_it(changed, words):
    [sentence] = weak_secrets(Settings(**GOOD | changed))
    assert words in sentence
    for value in changed.values():
        assert value not in sentence
        assert "Password123" not in sentence
