"""The real thing for every test run: its own PostgreSQL and Redis, the composed Hub, a fresh tenant a test."""

import logging
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from werkzeug.test import Client

from hub.adapters.embedded import PostgresServer, RedisServer
from hub.adapters.key_files import create_keys
from hub.bootstrap import Hub, build, create_app, create_content_app, create_hub_app
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.identity import Principal, system_principal
from hub.oauth.services.tenants import Tenants, TenantView

# Where `hub.log` sends lines too, but looked up for each: a test of a command gives it streams of its own.
structlog.configure(logger_factory=lambda *_: structlog.WriteLogger(sys.stderr))

# How long an example takes says something of the machine and its other work, not of the rule that is tested.
hypothesis_settings.register_profile(
    "patient", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")

PUBLIC_URL = "http://localhost:8000"
CONTENT_URL = "http://content.localhost:8000"


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that builds its own Hub sends logs to its own standard error, which is closed when it ends."""
    configured, handlers = structlog.get_config(), logging.root.handlers[:]
    yield
    if structlog.get_config()["logger_factory"] is not configured["logger_factory"]:
        structlog.configure(**configured)
        logging.root.handlers[:] = handlers


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of this test run."""
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of this test run."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def settings(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that point at this test run's servers and folders."""
    folder: Path = tmp_path_factory.mktemp("hub")
    create_keys(folder / "keys")
    return Settings(
        database_url=postgres_url,
        redis_url=redis_url,
        public_url=PUBLIC_URL,
        content_url=CONTENT_URL,
        keys_dir=str(folder / "keys"),
        object_store=f"folder:{folder / 'packages'}",
        mail=f"folder:{folder / 'mail'}",
        mail_from="Standards Hub <hub@school.example>",
        allow_private_networks=True,
        database_pool=30,
        requests_per_minute=1_000_000,
        sign_ins_per_minute=1_000,
    )


@pytest.fixture(scope="session")
def hub(settings: Settings) -> Iterator[Hub]:
    """The composed Hub on a migrated database."""
    Migrations(settings.sqlalchemy_url).upgrade()
    composed = build(settings)
    yield composed
    composed.close()


@pytest.fixture
def tenant(hub: Hub) -> TenantView:
    """A tenant of this test alone: tests share a database and never meet."""
    slug = f"t{uuid.uuid4().hex[:12]}"
    return hub.service(Tenants).create(slug, slug)


@pytest.fixture
def system(tenant: TenantView) -> Principal:
    """The Hub itself, acting in the test's tenant."""
    return system_principal(tenant.id)


@pytest.fixture(scope="session")
def wsgi(hub: Hub) -> Client:
    """The whole application with both origins; choose one by `base_url`."""
    return Client(create_app(hub))


@pytest.fixture(scope="session")
def hub_app(hub: Hub) -> Flask:
    """The Hub's origin. It keeps nothing between requests, so that all tests share it."""
    return create_hub_app(hub)


@pytest.fixture(scope="session")
def content_app(hub: Hub) -> Flask:
    """The content origin."""
    return create_content_app(hub)


@pytest.fixture
def client(hub_app: Flask) -> FlaskClient:
    """A browser on the Hub's origin."""
    return _client(hub_app, PUBLIC_URL)


@pytest.fixture
def content_client(content_app: Flask) -> FlaskClient:
    """A browser on the content origin."""
    return _client(content_app, CONTENT_URL)


def _client(app, base_url: str) -> FlaskClient:
    class Browser(FlaskClient):
        def open(self, *args, **kwargs):
            if args and isinstance(args[0], str) and args[0].startswith("/"):
                kwargs.setdefault("base_url", base_url)
            return super().open(*args, **kwargs)

    return Browser(app, app.response_class)
