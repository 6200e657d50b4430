"""The Harmonized Data Specification: rules as data, checks, and the report on a transfer.

A pure room: it reads the files of a transfer, writes nothing, and takes the day as a value.
"""
