"""Stacks: stack files read into the model, the workspace of all of them, and who owns what.

It imports `kube`, `model` and `pulumi_yaml`; `rules` and every room above may import it.
"""
