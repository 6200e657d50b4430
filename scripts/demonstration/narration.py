"""What a person sees: numbered chapters, one line per event, and where the time went."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text


class Narrator:
    """Prints the story and keeps what the summary repeats."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.began = time.monotonic()
        self.timings: list[tuple[str, float]] = []

    @contextmanager
    def chapter(self, number: int, title: str) -> Iterator[None]:
        """A numbered part of the story; its duration goes into the summary."""
        self.heading(f"{number}  {title}")
        began = time.monotonic()
        yield
        self.timings.append((title, time.monotonic() - began))

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something goes on, and how long it took when it is done."""
        began = time.monotonic()
        with self.console.status(Text(what)):
            yield
        self.done(what, time.monotonic() - began)

    def done(self, what: str, seconds: float | None = None) -> None:
        """Something is as it should be."""
        took = Text(f"  {seconds:.1f} s", style="dim") if seconds is not None else Text()
        self.console.print(Text("  ✓ ", style="green") + Text(what) + took)

    def refused(self, what: str, words: str) -> None:
        """A contract refused something, in its own words; here that is what should happen."""
        self.console.print(Text("  ✗ ", style="yellow") + Text(what))
        self.console.print(Text(f"      refused: {words}", style="yellow"))

    def says(self, who: str, what: str) -> None:
        """One party says something."""
        self.console.print(Text(f"  {who}: ", style="bold") + Text(what))

    def note(self, what: str) -> None:
        """An aside."""
        self.console.print(Text(f"    {what}", style="dim"))

    def panel(self, content: str | Text, title: str, style: str = "cyan") -> None:
        """A box that is worth reading twice."""
        self.console.print(Panel(content, title=title, border_style=style, expand=False))

    def heading(self, title: str) -> None:
        """A line across, with a title."""
        self.console.print()
        self.console.rule(Text(title, style="bold cyan"), align="left")

    def command(self, *words: str | Path) -> None:
        """A command to be copied."""
        self.plain(shlex.join(map(str, words)))

    def plain(self, what: str) -> None:
        """A command or a path, in one piece, to be copied."""
        self.console.print(Text(f"  {what}"), soft_wrap=True)
