"""The pictures of README and docs, taken of a demonstration at work.

Usage: `.venv/bin/python -m scripts.take_pictures`; needs Chromium and `scripts/install dev`.
"""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from scripts.demonstration.__main__ import parse, prepare, stage
from scripts.demonstration.cast import HOSPITALS
from scripts.demonstration.narration import Narrator
from scripts.demonstration.story import Story
from tests.api.browser import Browser, browsing

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SHARPNESS, MARGIN, COLOURS = 1.5, 12, 256


class Pictured(Story):
    """The story, with a photographer beside the data manager and the auditor."""

    def transfer(self) -> None:
        """A picture of the quality report on the transfer with defects."""
        super().transfer()
        report = self.places.root / "report"
        folder = self.places.transfers / HOSPITALS[-1].partner
        program = str(Path(sys.executable).with_name("dragon-ledger"))
        command = [program, "site", "check", str(folder), "--output", str(report), "--quiet"]
        subprocess.run(command, check=False)  # status 1: the transfer fails
        with looking_at((report / "report.html").as_uri(), 900) as page:
            page.wait_for("document.readyState === 'complete'")
            take(page, "h1", "article.finding", "quality-report.png")

    def audit(self) -> None:
        """A picture of the verdict before the revocation."""
        super().audit()
        self._take_verdict("valid", ".card:has(.picture)", "verdict-valid.png")

    def revoke(self) -> None:
        """A picture of the verdict after it."""
        super().revoke()
        self._take_verdict("not valid", ".answer", "verdict-revoked.png")

    def _take_verdict(self, answer: str, last: str, name: str) -> None:
        with looking_at(f"{self.service.url}/", 1060) as page:
            page.wait_for("document.querySelector('#state').className === 'pill good'")
            page.choose_file("#file", self.places.models / "model.h5")
            page.wait_for(f"document.querySelector('.answer h2')?.textContent === '{answer}'")
            take(page, ".answer", last, name)


@contextmanager
def looking_at(url: str, width: int) -> Iterator[Browser]:
    """A light page of this width."""
    # Chromium's helpers may still write when it has ended.
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with folder as profile, browsing(Path(profile), url) as page:
        light = [{"name": "prefers-color-scheme", "value": "light"}]
        page.call("Emulation.setEmulatedMedia", features=light)
        page.call("Emulation.setScrollbarsHidden", hidden=True)
        sizes = {"width": width, "height": width, "deviceScaleFactor": SHARPNESS, "mobile": False}
        page.call("Emulation.setDeviceMetricsOverride", **sizes)
        yield page


def take(page: Browser, first: str, last: str, name: str) -> None:
    """A picture from the first of two elements of a page to the second."""
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    page.wait_for("scrollY === 0")
    place = "document.querySelector('{}').getBoundingClientRect().{}"
    top = page.evaluate(place.format(first, "top")) - MARGIN
    bottom = page.evaluate(place.format(last, "bottom")) + MARGIN
    width = page.evaluate("innerWidth")
    clip = {"x": 0, "y": top, "width": width, "height": bottom - top, "scale": 1}
    shot = page.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    image = Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")
    few = image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(PICTURES / name, optimize=True)


def main() -> None:
    """Tell the story in a folder of its own, and take the pictures on the way."""
    with tempfile.TemporaryDirectory() as folder:
        places = prepare(Path(folder) / "demo")
        with stage(places, parse([])) as (ground, troupe):
            Pictured(Narrator(), places, ground, troupe, bytes(32), {}, serves=False).tell()


if __name__ == "__main__":
    main()
