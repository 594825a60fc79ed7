"""The Pulumi component package: a complete tenant as one component, for programs in every language.

The folder `plugin` of the repository is what `pulumi package add` is given. Its `__main__.py` calls `serve`.
"""
