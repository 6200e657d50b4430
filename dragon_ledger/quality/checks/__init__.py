"""The checks of a transfer, one module each; each takes an Examination and gives a CheckResult."""
