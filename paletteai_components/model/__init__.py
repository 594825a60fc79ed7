"""The model: what a stack file declares, and what follows from it.

It is pure: no file, clock, environment or Pulumi. It imports only the modules at the top of the package; every
room above may import it.
"""
