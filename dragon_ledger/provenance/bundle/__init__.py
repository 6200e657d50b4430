"""The evidence bundle: one file from which a verdict follows without any node.

Specification: docs/spec/evidence-bundle.md.
"""
