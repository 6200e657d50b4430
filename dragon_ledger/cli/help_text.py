"""How help reads on a screen: paragraphs that fill its width, and what a command ends with."""

from __future__ import annotations

import inspect
import re
from typing import Any

EXIT_STATUSES = (
    "Exit status: 0 done or valid, 1 not valid or refused, 2 not verifiable or unavailable,"
    " 3 misuse."
)
# A line that is indented (an example) begins anew; every other one goes on with its paragraph.
_GOES_ON = re.compile(r"(?<!\n)\n(?![\s\n])")
_SAYS_ITS_OWN = re.compile(r"exit status", re.IGNORECASE)


def filled(text: str) -> str:
    """A docstring without the line breaks that its source file has for its own width."""
    return _GOES_ON.sub(" ", inspect.cleandoc(text))


def make_readable(command: Any) -> None:
    """Fill the paragraphs of a command's help, and say how it ends when it does not say so itself.

    Reaches all commands of a group.
    """
    command.help = filled(command.help or "")
    if not _SAYS_ITS_OWN.search(command.help):
        command.epilog = EXIT_STATUSES
    for member in getattr(command, "commands", {}).values():
        make_readable(member)
