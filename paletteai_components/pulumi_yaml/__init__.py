"""YAML as Pulumi reads it: documents with the line of every value, and text written back.

Only the modules at the top of the package are imported here. Every room may import this one but `model`.
"""
