"""What every command shares: the composed Hub, the tenant it acts in, and one way to say what was done."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import click

from hub.bootstrap import Hub, build
from hub.config import Settings
from hub.db.audit import Origin, set_origin
from hub.identity import Principal, system_principal
from hub.log import configure_logging
from hub.oauth.services.tenants import Tenants

REFUSED, WRONG_USE, DANGEROUS = 1, 2, 3


class CommandLine:
    """Given to commands by `pass_command_line`; connects to nothing until asked for the Hub."""

    @cached_property
    def settings(self) -> Settings:
        """The settings of this environment, or of the demo in this folder."""
        return Settings.from_env()

    @cached_property
    def hub(self) -> Hub:
        """The composed system. Its log goes to standard error, away from what the command says; the audit log tells
        that what follows came from a command, and whose."""
        configure_logging(self.settings.log_format)
        composed = build(self.settings)
        set_origin(Origin(f"command of {_who_runs_this()}", composed.ports.ids.uuid().hex))
        return composed

    def principal(self, tenant: str | None) -> Principal:
        """The Hub itself, acting in the tenant of that name (None: the only one)."""
        return system_principal(self.hub.service(Tenants).resolve(tenant).id)


pass_command_line = click.make_pass_decorator(CommandLine, ensure=True)

tenant_option = click.option("--tenant", metavar="NAME", help="The tenant to act in; needed when there are several.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def report(as_json: bool, sentence: str, facts: Mapping[str, Any] | Sequence[Any]) -> None:
    """Say what was done: one sentence for people (with its facts below), or the facts as one JSON document."""
    if as_json:
        json.dump(facts, sys.stdout, default=str, indent=2)
        click.echo()
        return
    click.echo(sentence)
    if isinstance(facts, Mapping):
        width = max((len(name) for name in facts), default=0)
        for name, value in facts.items():
            click.echo(f"  {name:<{width}}  {value}")


def report_list(
    as_json: bool,
    what: str,
    found: Sequence[Any],
    line: Callable[[Any], str],
    facts: Callable[[Any], Mapping[str, Any]] = asdict,
) -> None:
    """Say what there is: how many of `what` and a line of each for people, or the facts of all as one JSON array."""
    if as_json:
        report(True, "", [facts(each) for each in found])
        return
    click.echo(f"{len(found)} {what}.")
    for each in found:
        click.echo(f"  {line(each)}")


def _who_runs_this() -> str:
    """The user of this machine; in a container that knows no names, by number."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"
