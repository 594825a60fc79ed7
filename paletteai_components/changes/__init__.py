"""Changes: git revisions of a workspace, and what differs between two workspaces or two stacks."""
