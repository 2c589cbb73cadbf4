"""`hub demo` and `hub demo reset`."""

from pathlib import Path

import click

from hub.adapters.embedded import EmbeddedError
from hub.adapters.embedded.errors import advice_for
from hub.demo.folder import DemoError, DemoFolder
from hub.demo.supervisor import Demo

# As in hub.command_line, which loads the whole Hub; this process only watches and stays small.
REFUSED, DANGEROUS = 1, 3


@click.group(invoke_without_command=True)
@click.pass_context
def demo(context: click.Context) -> None:
    """Run everything on this machine: the Hub, its servers, and a small LMS to launch from.

    Needs nothing but this folder; keeps everything under var/. HUB_PORT and HUB_DEMO_LMS_PORT choose other ports.

    \b
    Example: HUB_PORT=8080 hub demo
    """
    if context.invoked_subcommand is None:
        context.exit(_run())


def _run() -> int:
    try:
        Demo(Path.cwd()).run()
    except (DemoError, EmbeddedError) as fault:
        click.echo(f"error: {fault}", err=True)
        return REFUSED
    except OSError as fault:
        click.echo(f"error: {fault}. {advice_for(str(fault), Path.cwd() / 'var')}", err=True)
        return REFUSED
    return 0


@demo.command("reset")
@click.pass_context
def reset(context: click.Context) -> None:
    """Remove all that the demo made, so that the next start begins again.

    \b
    Example: hub demo reset
    """
    folder = DemoFolder(Path.cwd())
    try:
        with folder.held():
            folder.clear()
    except DemoError as fault:
        click.echo(f"error: {fault} Stop it first (Ctrl-C).", err=True)
        context.exit(DANGEROUS)
    click.echo("Removed the demo's data. `make demo` begins again.")
