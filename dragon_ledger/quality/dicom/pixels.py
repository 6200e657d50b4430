"""Decodes one slice of a series and looks whether it can be a CT of a person."""

from __future__ import annotations

import warnings
from io import BytesIO

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import FileDataset

from dragon_ledger.quality.dicom.elements import PARSER_ERRORS, PIXEL_DATA
from dragon_ledger.quality.dicom.image_facts import Issue
from dragon_ledger.quality.dicom.vr_rules import label_of

PIXEL_CODES = frozenset({"dicom.constant", "dicom.decode", "dicom.hounsfield"})
_LOWEST, _HIGHEST = -8192, 32767
_AIR = -500
_TISSUE = (-200, 3000)
_MOST_PIXELS = 1 << 24
_LABEL = label_of(PIXEL_DATA)


def pixel_issues(content: bytes) -> list[Issue]:
    """What decoding the pixels of a CT image file shows."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(BytesIO(content))
            if int(dataset.Rows) * int(dataset.Columns) > _MOST_PIXELS:
                return [Issue("dicom.decode", _LABEL, "more than 16 million pixels")]
            values = _hounsfield(dataset)
    except (*PARSER_ERRORS, RuntimeError) as error:
        return [Issue("dicom.decode", _LABEL, type(error).__name__)]
    return _plausibility(values)


def _hounsfield(dataset: FileDataset) -> npt.NDArray[np.float64]:
    slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    stored = dataset.pixel_array
    return np.asarray(stored, dtype=np.float64) * slope + intercept


def _plausibility(values: npt.NDArray[np.float64]) -> list[Issue]:
    if values.size == 0 or values.min() == values.max():
        return [Issue("dicom.constant", _LABEL, "all pixels are equal")]
    low, high = float(values.min()), float(values.max())
    tissue = np.count_nonzero((values > _TISSUE[0]) & (values < _TISSUE[1]))
    if low < _LOWEST or high > _HIGHEST or low > _AIR or not tissue:
        return [Issue("dicom.hounsfield", _LABEL, f"values from {low:g} to {high:g}")]
    return []
