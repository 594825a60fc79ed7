"""Views of a workspace, as records: the explanation of a project, the graph and its page.

It imports `stacks` and the rooms below; only `cli` imports it.
"""
