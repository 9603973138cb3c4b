"""`frontcalc completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from frontcalc.cli import COMPLETING, options
from frontcalc.cli.command import Command

SHELLS = ("bash", "zsh", "fish")


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
@options.loudness
def command(shell: str) -> None:
    """Print a script that completes commands, options and their values in SHELL.

    \b
    Add one of these to the shell's start-up file, or write the output where it looks:
      bash   eval "$(frontcalc completion bash)"
      zsh    eval "$(frontcalc completion zsh)"
      fish   frontcalc completion fish | source
    """  # noqa: D301 - click needs the character that \b stands for
    found = get_completion_class(shell)
    assert found is not None
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "frontcalc", COMPLETING).source())
