"""YAML as Pulumi reads it (`document`), with the line of every value, and a writer of manifests.

It imports only the modules at the top of the package. Every room but `model` may import it.
"""
