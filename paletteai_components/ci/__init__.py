"""What the workflows on GitHub and GitLab run, beside the commands that everyone runs: see docs/pull-requests.md."""
