"""Pages that are made rather than kept: the types of problems, and the offline verifier to save."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from html import escape
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.problems import BASE, HELP, KINDS, Kind, Problem

router = APIRouter(include_in_schema=False)
API = Path(__file__).parents[1]
VERIFY = API / "static" / "verify"
ARCHIVE = "dragon-verify"
OLDEST = (1980, 1, 1, 0, 0, 0)  # what ZIP can say; so that the archive is the same everywhere


@router.get("/problems")
@router.get("/verify")
def with_slash(request: Request) -> RedirectResponse:
    """The folder of this name; relative, for who comes through a proxy that adds a prefix."""
    return RedirectResponse(f"{request.url.path.rsplit('/', 1)[-1]}/", 308)


@router.get("/problems/")
def problems() -> HTMLResponse:
    """Every type of problem."""
    return _page("Problems", "".join(_section(slug, kind) for slug, kind in KINDS.items()))


@router.get("/problems/{slug}")
def problem(slug: str) -> HTMLResponse:
    """One type of problem, and what to do next."""
    if slug not in KINDS:
        raise Problem("not-found", f"there is no such type of problem; {HELP} lists all of them")
    return _page(KINDS[slug].title, _section(slug, KINDS[slug]))


@router.get("/verify/dragon-verify.zip")
def archive() -> Response:
    """The offline verifier as one file to take away."""
    headers = {"Content-Disposition": f'attachment; filename="{ARCHIVE}.zip"'}
    return Response(_archive(), headers=headers, media_type="application/zip")


@cache
def _archive() -> bytes:
    made = io.BytesIO()
    # Not compressed: libraries compress differently, and auditors compare the archive's digest.
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path for path in VERIFY.rglob("*") if path.is_file()):
            name = f"{ARCHIVE}/{file.relative_to(VERIFY).as_posix()}"
            entry = zipfile.ZipInfo(name, OLDEST)
            entry.create_system = 3
            archive.writestr(entry, file.read_bytes())
    return made.getvalue()


def _section(slug: str, kind: Kind) -> str:
    return (
        f'<section class="card" id="{slug}"><h2><code>{slug}</code>'
        f'<span class="status">{int(kind.status)}</span></h2>'
        f"<p><strong>{escape(kind.title)}</strong> {escape(kind.advice)}</p>"
        f'<p class="quiet"><code>{BASE}{slug}</code></p></section>'
    )


def _page(title: str, body: str) -> HTMLResponse:
    frame = (API / "web" / "problems.html").read_text(encoding="utf-8")
    return HTMLResponse(frame.replace("{{title}}", escape(title)).replace("{{body}}", body))
