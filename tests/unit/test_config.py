"""Settings: everything wrong is said at once, secrets are never repeated."""

import pytest

from hub.config import Settings, read_env_file
from hub.errors import ConfigurationError

GOOD = {
    "HUB_DATABASE_URL": "postgresql://hub:pw@db/hub",
    "HUB_REDIS_URL": "redis://localhost:6379/0",
}


def test_defaults_and_types():
    settings = Settings.from_env(GOOD | {"HUB_WEB_THREADS": "7", "HUB_ALLOW_PRIVATE_NETWORKS": "yes"})
    assert settings.web_threads == 7
    assert settings.allow_private_networks is True
    assert settings.public_url == "http://localhost:8000"
    assert settings.sqlalchemy_url == "postgresql+psycopg://hub:pw@db/hub"


def test_every_fault_is_reported_together():
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({"HUB_REDIS_URL": "localhost", "HUB_PORT": "eighty", "HUB_COLOUR": "blue"})
    named = [fault.split()[0] for fault in caught.value.faults]
    assert named == ["HUB_DATABASE_URL", "HUB_REDIS_URL", "HUB_PORT", "HUB_COLOUR"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_PUBLIC_URL", "localhost:8000"),
        ("HUB_PUBLIC_URL", "https://hub.example/path"),
        ("HUB_OBJECT_STORE", "packages"),
        ("HUB_OBJECT_STORE", "s3://"),
        ("HUB_PORT", "0"),
        ("HUB_ALLOW_PRIVATE_NETWORKS", "maybe"),
        ("HUB_LOG_FORMAT", "xml"),
    ],
)
def test_a_value_that_does_not_fit_is_named(variable, value):
    with pytest.raises(ConfigurationError, match=variable):
        Settings.from_env(GOOD | {variable: value})


def test_a_secret_that_does_not_fit_is_not_repeated():
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env(GOOD | {"HUB_DATABASE_URL": "mysql://root:hunter2@db"})
    assert "hunter2" not in str(caught.value)


def test_content_must_have_its_own_origin():
    with pytest.raises(ConfigurationError, match="HUB_CONTENT_URL"):
        Settings.from_env(GOOD | {"HUB_CONTENT_URL": "http://localhost:8000"})


def test_an_env_file_is_plain_lines(tmp_path):
    path = tmp_path / "hub.env"
    path.write_text("# the demo\n\nHUB_PORT=8001\nHUB_S3_SECRET_ACCESS_KEY=a=b\n")
    assert read_env_file(path) == {"HUB_PORT": "8001", "HUB_S3_SECRET_ACCESS_KEY": "a=b"}


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("HUB_CONTENT_URL", "https://*.Content.Example:443", "https://*.content.example"),
        ("HUB_CONTENT_URL", "http://*.localhost:8000", "http://*.localhost:8000"),
        ("HUB_FRAME_ANCESTORS", "https://*.lms.example  http://x.example:80", "https://*.lms.example http://x.example"),
        ("HUB_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8", "127.0.0.1/32 10.0.0.0/8"),
    ],
)
def test_origins_and_networks_are_read_in_one_form(variable: str, text: str, read: str) -> None:
    found = Settings.from_env(GOOD | {variable: text})
    assert read in vars(found).values()


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("HUB_PUBLIC_URL", "https://*.hub.example"),
        ("HUB_CONTENT_URL", "https://a.*.content.example"),
        ("HUB_CONTENT_URL", "https://*.*.content.example"),
        ("HUB_FRAME_ANCESTORS", "*"),
        ("HUB_FRAME_ANCESTORS", "https://lms.example/path"),
        ("HUB_TRUSTED_PROXIES", "1"),
        ("HUB_TRUSTED_PROXIES", "proxy.example"),
        ("HUB_CONTENT_SENDER", "apache"),
    ],
)
def test_what_is_no_origin_or_network_is_refused_by_name(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        Settings.from_env(GOOD | {variable: text})
