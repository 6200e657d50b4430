#!/usr/bin/env python3
"""The quality check beside dciodvfy and dicom-validator: time, and what each one says.

    .venv/bin/python -m scripts.bench.dicom_validators [--slices 200] [--workers 4] [--real FOLDER]
        [--dciodvfy PROGRAM] [--validate-iods PROGRAM --standard FOLDER --edition 2016c]

Three parts, each with the programs that were given or are installed:

1. one phantom series through SHA-256, the whole check and the two validators, in as many processes
   as the check uses (dicom-validator reads many files in one process, dciodvfy one);
2. what each says about every file of a real series (`--real`);
3. seeded defects: those of the catalogue for check 8, and each element of a slice removed or
   emptied. A program *sees* a defect when it says something that it does not say of the clean file.

dicom-validator reads the standard's DocBook files below `--standard`: FOLDER/EDITION/docbook.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.datadict import keyword_for_tag

from dragon_ledger.quality.catalogue import entries
from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.dicom.inspect_image import ImageInspector
from dragon_ledger.quality.findings import Severity
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples import make_transfer
from dragon_ledger.samples.defects import DEFECTS, Defect, TransferEditor
from scripts.bench.quality_speed import hash_all, make_series

TODAY = date(2026, 11, 22)
RUNS = 3
MOST_MESSAGES = 12
Said = Counter[str]
Judge = Callable[[Path, Path], Said]
"""What a program says of a file (of a transfer's folder), each sentence with its number."""


def dciodvfy_says(program: str, _folder: Path, file: Path) -> Said:
    """The lines that dciodvfy writes, warnings included."""
    done = subprocess.run([program, str(file)], capture_output=True, check=False)
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    return Counter(line.strip() for line in lines if line.startswith(("Error", "Warning")))


def validate_iods_says(command: Sequence[str], _folder: Path, file: Path) -> Said:
    """The lines that dicom-validator writes below its headings; a crash is one line."""
    done = subprocess.run([*command, str(file)], capture_output=True, check=False)
    if b"Traceback" in done.stderr:
        return Counter({"crash: " + done.stderr.decode("utf-8", "replace").splitlines()[-1]: 1})
    headings = ("Using DICOM", "Validating", "SOP class", "Errors", "=", "Module")
    lines = done.stdout.decode("utf-8", "replace").replace(str(file), "FILE").splitlines()
    return Counter(line.strip() for line in lines if line and not line.startswith(headings))


def check_says(folder: Path, file: Path) -> Said:
    """The errors and warnings of check 8 at a file, the whole transfer judged."""
    report = check_transfer(folder, built_in(), today=TODAY, workers=1)
    path = file.relative_to(folder).as_posix()
    return Counter(
        f"{finding.severity}: {finding.code} {finding.tag or ''}"
        for finding in report.result("dicom").findings
        if finding.file == path and finding.severity is not Severity.NOTE
    )


def inspector_says(_folder: Path, file: Path) -> Said:
    """The same for a file by itself."""
    required = tuple((rule.tag, rule.keyword) for rule in built_in().tags)
    facts = ImageInspector(required).inspect(file.read_bytes(), decode=True)
    if facts.problem:
        return Counter({f"error: dicom.unreadable {facts.problem}": 1})
    kinds = entries()
    return Counter(
        f"{kinds[issue.code].severity}: {issue.code} {issue.tag}"
        for issue in facts.issues
        if issue.code.startswith("dicom.") and kinds[issue.code].severity is not Severity.NOTE
    )


def programs(given: argparse.Namespace) -> Mapping[str, Judge]:
    """The other validators that can run here."""
    found: dict[str, Judge] = {}
    if given.dciodvfy:
        found["dciodvfy"] = functools.partial(dciodvfy_says, given.dciodvfy)
    else:
        print("dciodvfy: not given and not installed")
    command = validate_iods(given)
    if command:
        found["dicom-validator"] = functools.partial(validate_iods_says, command)
    else:
        print("dicom-validator: not given (--validate-iods and --standard)")
    return found


def validate_iods(given: argparse.Namespace) -> list[str]:
    """The command line of dicom-validator, empty when it was not given."""
    if not given.validate_iods or not given.standard:
        return []
    return [given.validate_iods, "-src", given.standard, "-e", given.edition]


def seconds(act: Callable[[], object]) -> float:
    """Median wall time of a few runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def in_parts(command: Sequence[str], parts: Sequence[Sequence[Path]]) -> None:
    """Run a program on each part of the files, all at once."""

    def run(files: Sequence[Path]) -> None:
        subprocess.run([*command, *map(str, files)], capture_output=True, check=False)

    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(run, parts))


def one_by_one(program: str, files: Sequence[Path], workers: int) -> None:
    """Run a program on each file by itself, several at once."""
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda file: dciodvfy_says(program, file.parent, file), files))


def compare_speed(given: argparse.Namespace, place: Path) -> None:
    """Part 1."""
    folder, workers = place / "series", given.workers
    files = make_series(folder, given.slices)
    acts: dict[str, Callable[[], object]] = {
        "SHA-256": lambda: hash_all(files, workers),
        "dragon-ledger, all checks and digests": lambda: check_transfer(
            folder, built_in(), today=TODAY, workers=workers
        ),
    }
    if given.dciodvfy:
        acts["dciodvfy"] = lambda: one_by_one(given.dciodvfy, files, workers)
    command = validate_iods(given)
    if command:
        parts = [files[start::workers] for start in range(workers)]
        acts["dicom-validator"] = lambda: in_parts(command, parts)
    print(f"\n{len(files)} slices of 512 x 512, {workers} processes, median of {RUNS} runs")
    for name, act in acts.items():
        taken = seconds(act)
        print(f"  {name}: {taken:.2f} s, {1000 * taken / len(files):.2f} ms a file")


def compare_real(folder: Path, others: Mapping[str, Judge]) -> None:
    """Part 2."""
    files = sorted(path for path in folder.rglob("*.dcm") if path.is_file())
    print(f"\n{folder.name}: {len(files)} files")
    for name, judge in {"dragon-ledger, check 8": inspector_says, **others}.items():
        said = Counter(line for file in files for line in judge(folder, file))
        print(f"  {name}: {len(said)} sentences")
        for line, count in said.most_common(MOST_MESSAGES):
            print(f"    {count} files: {line}")


def clean_copy(place: Path) -> Path:
    """A small clean transfer."""
    folder = place / "clean"
    make_transfer(folder, partner="BENCH", seed=1, slices=25, size=64)
    return folder


def spoiled(clean: Path, place: Path, defect: Defect) -> tuple[Path, str]:
    """A copy of a transfer with one defect, and the path of the file that has it."""
    folder = place / "spoiled"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(clean, folder, copy_function=os.link)
    return folder, defect.damage(TransferEditor(folder, "BENCH")) or ""


def compare_catalogue(place: Path, clean: Path, others: Mapping[str, Judge]) -> None:
    """Part 3, the catalogue."""
    judges: Mapping[str, Judge] = {"dragon-ledger": check_says, **others}
    seen: Counter[str] = Counter()
    defects = [each for each in DEFECTS.values() if each.check == "dicom"]
    print(f"\n{len(defects)} defects of the catalogue")
    for defect in defects:
        folder, path = spoiled(clean, place, defect)
        new = {
            name: judge(folder, folder / path) - judge(clean, clean / path)
            for name, judge in judges.items()
        }
        seen.update(name for name, said in new.items() if said)
        print(f"  {defect.name}: {', '.join(name for name, said in new.items() if said)}")
    print("  " + ", ".join(f"{name} sees {seen[name]}" for name in judges))


def without_each(file: Path) -> Iterator[tuple[str, bytes]]:
    """A slice with each element removed, and with each emptied."""
    for element in dcmread(file):
        for act in ("removed", "emptied"):
            dataset = dcmread(file)
            if act == "removed":
                del dataset[element.tag]
            elif element.VR == "SQ":
                dataset[element.tag].value = []
            else:
                dataset[element.tag].value = None
            stream = BytesIO()
            dataset.save_as(stream)
            yield f"{keyword_for_tag(element.tag)} {act}", stream.getvalue()


def compare_elements(place: Path, clean: Path, others: Mapping[str, Judge]) -> None:
    """Part 3, every element: who says what, where they do not agree."""
    judges: Mapping[str, Judge] = {"dragon-ledger": inspector_says, **others}
    original = next(path for path in sorted(clean.rglob("*.dcm")))
    before = {name: judge(clean, original) for name, judge in judges.items()}
    seen: Counter[tuple[str, ...]] = Counter()
    print("\nEach element of a slice removed, and emptied; where they differ:")
    for what, content in without_each(original):
        file = place / "element.dcm"
        file.write_bytes(content)
        said = {name: judge(place, file) - before[name] for name, judge in judges.items()}
        speakers = tuple(name for name in judges if said[name])
        seen[speakers] += 1
        if speakers and len(speakers) < len(judges):
            lines = "; ".join(line for name in speakers for line in sorted(said[name])[:2])
            print(f"  {what}: {', '.join(speakers)} ({lines})")
    for speakers, count in seen.most_common():
        print(f"  {count} of {sum(seen.values())}: {', '.join(speakers) or 'nobody'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--real", type=Path, help="folder of a real series")
    parser.add_argument(
        "--dciodvfy", default=shutil.which("dciodvfy"), help="program of dicom3tools"
    )
    parser.add_argument("--validate-iods", help="program of dicom-validator")
    parser.add_argument("--standard", help="folder that holds EDITION/docbook/part0[346].xml")
    parser.add_argument("--edition", default="2016c")
    given = parser.parse_args()
    others = programs(given)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        compare_speed(given, place)
        if given.real:
            compare_real(given.real, others)
        clean = clean_copy(place)
        compare_catalogue(place, clean, others)
        compare_elements(place, clean, others)


if __name__ == "__main__":
    main()
