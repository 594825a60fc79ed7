"""Kubernetes: the planned objects, the vendor's API, custom resource definitions and what a live cluster holds.

It imports `model` and `pulumi_yaml`; `stacks` and every room above may import it.
"""
