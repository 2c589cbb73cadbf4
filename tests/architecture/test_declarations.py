"""What a newcomer can rely on without reading everything."""

from dataclasses import fields
from pathlib import Path

from hub.bootstrap import create_content_app, create_hub_app
from hub.config import Settings
from hub.db.migrations import Migrations
from hub.http.access import declared_action

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_endpoint_declares_who_may_use_it(hub):
    undeclared = [
        f"{method} {rule.rule}"
        for app in (create_hub_app(hub), create_content_app(hub))
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"})
        if declared_action(app, rule.endpoint, method) is None
    ]
    assert undeclared == []


def test_every_setting_is_documented():
    page = (DOCS / "settings.md").read_text()
    missing = [f.metadata["variable"] for f in fields(Settings) if f"`{f.metadata['variable']}`" not in page]
    assert missing == []


def test_the_models_and_the_migrations_agree(hub, settings):
    from alembic import command

    command.check(Migrations(settings.sqlalchemy_url)._config)
