"""YAML as Pulumi reads it (`document`), with the line of every value, and a writer of manifests."""
