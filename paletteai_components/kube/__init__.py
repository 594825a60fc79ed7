"""Kubernetes: the planned objects, the vendor's API, custom resource definitions and the contents of a live cluster."""
