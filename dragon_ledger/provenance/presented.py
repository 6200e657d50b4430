"""Which digest of a presented file the ledger knows it by."""

from __future__ import annotations

from collections.abc import Callable

from dragon_ledger.provenance.results import Presented
from dragon_ledger.records import Facts


def facts_of_file(presented: Presented, lookup: Callable[[bytes], Facts]) -> Facts:
    """Facts by the content digest, or by the file's bytes where only these are known.

    A model that is known by neither gives the facts of its content digest, when it has one.

    Args:
        presented: the digests of the file.
        lookup: the facts of a digest, from whatever source.
    """
    if presented.content is None:
        return lookup(presented.file_digest)
    by_content = lookup(presented.content)
    if by_content.origins or by_content.releases:
        return by_content
    by_file = lookup(presented.file_digest)
    return by_file if by_file.releases else by_content
