"""Views of a workspace, as records: the explanation of a project, the graph and its page."""
