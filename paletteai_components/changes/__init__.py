"""Changes: git revisions of a workspace, and what differs between two workspaces or two stacks.

It imports `rules` and the rooms below; only `cli` imports it.
"""
