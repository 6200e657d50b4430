"""Reads DICOM files: elements, their rules, and the facts that the checks are made from."""
