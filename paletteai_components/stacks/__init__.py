"""Stacks: stack files read into the model, the workspace of all stacks, and what each of them claims."""
