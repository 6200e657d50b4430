"""A small federated training that knows nothing of the ledger: it only reads and writes folders.

`site` trains at a hospital, `aggregate` averages at the coordinating centre. Replace both with any
framework that writes the same files (docs/spec/drop-folder.md).
"""
