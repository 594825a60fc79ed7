"""Observation: Kubernetes objects, ours or not, read back into the stacks and plans that the rules check.

It is the way back of `kube/manifests.py`, and pure: files and clusters are read elsewhere. A Tenant becomes a stack.
What no stack file could declare is read, too: Settings that nobody gets, Projects whose Tenant is missing, documents
that cannot be used.
"""
