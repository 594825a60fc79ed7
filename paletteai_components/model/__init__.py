"""The model: what a stack file declares (`spec`), what follows from it (`plan`), and why (`resolution`).

It is pure: it reads no file, clock or environment variable, and does not use Pulumi.
"""
