"""Starts the command `dragon-ledger`, also as `python -m dragon_ledger`.

Apart from `cli.main`, whose imports take long enough to be ended by Ctrl-C.
"""

from __future__ import annotations

import sys

INTERRUPTED = 128 + 2  # as shells say: ended by SIGINT


def main() -> None:
    """Run the command line; the entry point that the package installs."""
    try:
        from dragon_ledger.cli.main import app  # noqa: PLC0415 (a Ctrl-C meanwhile is caught)

        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
