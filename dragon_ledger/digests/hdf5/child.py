"""The process that reads HDF5 files for `Hdf5Worker`: `python -m dragon_ledger.digests.hdf5.child`.

HDF5 is C code that a damaged or hostile file can crash, stall or make greedy. Here that hits a
process that holds nothing else. Requests come as lines of JSON on standard input, answers go as
lines of JSON to standard output; the process ends with its input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TextIO

from dragon_ledger.digests.hdf5.blocks import usable_cores
from dragon_ledger.digests.hdf5.content import content_tree
from dragon_ledger.digests.hdf5.library import Damaged
from dragon_ledger.digests.hdf5.limits import Limits
from dragon_ledger.digests.hdf5.merkle import inclusion_path
from dragon_ledger.errors import LedgerError, StorageError, UnsupportedContent

if sys.platform != "win32":
    import resource

_THREAD_STACK = 16 * 2**20


def main() -> None:
    """Answer requests until there are no more, or until HDF5 failed: then its state is unknown."""
    limits = Limits(**json.loads(sys.argv[1]))
    _restrict(limits)
    for line in sys.stdin:
        answer = _answer(json.loads(line), limits)
        _send(sys.stdout, answer)
        if "damaged" in answer:
            return


def _answer(request: dict[str, Any], limits: Limits) -> dict[str, object]:
    wanted = request["wanted"]
    _renew(limits.stalled_seconds)
    try:
        tree = content_tree(
            Path(request["path"]),
            limits,
            _Reporter(limits).report,
            None if wanted is None else wanted.encode(errors="surrogatepass"),
        )
    except LedgerError as error:
        return _described(error)
    except MemoryError:
        return {"damaged": f"{request['path']}: needs more memory than the limit allows"}
    answer: dict[str, object] = {"digest": tree.digest().hex()}
    if tree.wanted:
        index, entry = tree.wanted
        siblings = [one.hex() for one in inclusion_path(tree.leaves, index)]
        proof = {"entry": entry.hex(), "index": index, "count": tree.count, "siblings": siblings}
        answer["proof"] = proof
    return answer


def _described(error: LedgerError) -> dict[str, object]:
    if isinstance(error, UnsupportedContent):
        return {"unsupported": [error.where, error.what]}
    if isinstance(error, StorageError):
        return {"storage": str(error)}
    return {"damaged" if isinstance(error, Damaged) else "input": str(error)}


class _Reporter:
    """Sends progress in steps of a thousandth, and renews the time limit."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.stalled_seconds
        self._sent = -1

    def report(self, done: int, total: int) -> None:
        _renew(self._seconds)
        step = done * 1000 // max(1, total)
        if step != self._sent:
            self._sent = step
            _send(sys.stdout, {"progress": [done, total]})


def _send(stream: TextIO, message: dict[str, object]) -> None:
    stream.write(json.dumps(message) + "\n")
    stream.flush()


def _restrict(limits: Limits) -> None:
    if sys.platform == "win32":
        return
    memory = limits.memory + usable_cores() * _THREAD_STACK
    _lower(resource.RLIMIT_DATA, memory)
    _lower(resource.RLIMIT_CORE, 0)


def _renew(seconds: int) -> None:
    """Let the process use so many more seconds before the system ends it.

    Between two reports the threads that hash get through a tenth of a second of work, so nearly
    all of it is HDF5's.
    """
    if sys.platform == "win32":
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    _lower(resource.RLIMIT_CPU, spent + seconds)


def _lower(kind: int, value: int) -> None:
    """Set a soft limit, as far as the hard limit that we were started with allows."""
    _, hard = resource.getrlimit(kind)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    main()
