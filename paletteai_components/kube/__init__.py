"""Kubernetes: the planned objects, the vendor's API, custom resource definitions and the contents of a live cluster.

It imports `model` and `pulumi_yaml`; `stacks` and every room above may import it.
"""
