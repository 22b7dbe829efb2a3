"""The command `comanda`: each subcommand lives in the file of its name and is loaded when it is asked for."""

import sys
from importlib import import_module
from importlib.util import find_spec

import click

from infra.parent import die_with_parent
from infra.refusal import EXIT_CODE, CannotStart

COMMANDS = (
    *("up", "api", "worker", "sequencer", "migrate", "seed"),
    *("users", "keys", "privacy", "projections", "replay"),
)


class Lazy(click.Group):
    """A group that imports a subcommand only to run or to describe it."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The subcommands, in the order in which one meets them."""
        return [name for name in COMMANDS if find_spec(f"infra.cli.{name}")]

    def get_command(self, context: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand: the object of its own name in the file of its name."""
        if cmd_name not in self.list_commands(context):
            return None
        command = getattr(import_module(f"infra.cli.{cmd_name}"), cmd_name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=Lazy)
@click.version_option(package_name="comanda")
def comanda() -> None:
    """An event-sourced order backend. `comanda up` starts all of it; the other commands are its parts."""


def main() -> None:
    """Runs what the command line asks for; a refused start is one line and exit code 2."""
    die_with_parent()
    try:
        comanda.main(prog_name="comanda")
    except CannotStart as refusal:
        click.echo(f"comanda: {refusal}", err=True)
        sys.exit(EXIT_CODE)


if __name__ == "__main__":
    main()
