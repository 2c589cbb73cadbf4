"""The command `hub`. Exit codes: 0 done, 1 refused, 2 wrong use, 3 refused as dangerous."""

import os
import sys
from importlib import import_module

import click

from hub import __version__
from hub.errors import ConfigurationError, HubError, Unavailable

#: Commands and where they live; a module is imported only when its command is used.
COMMANDS = {
    "demo": "hub.demo.cli:demo",
    "doctor": "hub.operations:doctor",
    "keys": "hub.operations:keys",
    "migrate": "hub.operations:migrate",
    "serve": "hub.operations:serve",
    "setup-link": "hub.operations:setup_link",
    "tenant": "hub.operations:tenant",
    "worker": "hub.operations:worker",
    "cohort": "hub.scorm.cli_cohorts:cohort",
    "import": "hub.scorm.cli:import_packages",
    "job": "hub.scorm.cli:job",
    "learner": "hub.scorm.cli_reports:learner",
    "lint": "hub.scorm.cli:lint",
    "package": "hub.scorm.cli:package",
    "registration": "hub.scorm.cli:registration",
    "lrs": "hub.xapi_lrs.cli:lrs",
    "lti": "hub.lti.cli:lti",
    "mail": "hub.oauth.cli:mail",
    "oauth": "hub.oauth.cli:oauth",
    "user": "hub.oauth.cli:user",
    "audit": "hub.oauth.cli_audit:audit",
    "privacy": "hub.privacy.cli:privacy",
    "admin": "hub.oauth.cli:admin",
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called for, so that `hub --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hub")
def cli() -> None:
    """Standards Hub: LTI 1.3 tool, xAPI LRS and package player.

    Settings come from HUB_* environment variables (docs/settings.md); in the folder of a running `hub demo`, commands
    act on that demo.

    \b
    Example: hub import course.zip
    """


def main() -> None:
    """Run the command and turn refusals into a sentence and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(f"error: {fault}", err=True)
        sys.exit(2)
    except HubError as error:
        click.echo(f"error: {error.detail}", err=True)
        for violation in error.violations:
            click.echo(f"  {violation.where}: {violation.message}", err=True)
        if isinstance(error, Unavailable) and error.reason:
            click.echo(f"  {error.reason}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # Whoever read what the command says, such as `head`, has read enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        click.echo(f"error: This machine says: {error.strerror or error}{where}.", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
