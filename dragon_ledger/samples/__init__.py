"""Sample transfers: synthetic hospitals for demonstrations, tests and first steps."""

from dragon_ledger.samples.defects import DEFECTS, Defect
from dragon_ledger.samples.transfer import COMPLETION_MARKER, SampleTransfer, make_transfer

__all__ = ["COMPLETION_MARKER", "DEFECTS", "Defect", "SampleTransfer", "make_transfer"]
