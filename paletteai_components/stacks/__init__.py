"""Stacks: stack files read into the model, the workspace of all stacks, and what each of them claims.

It imports `kube`, `model` and `pulumi_yaml`. `schema`, `rules` and the rooms that import those may import it.
"""
