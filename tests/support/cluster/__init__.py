"""A real Kubernetes API server for tests: its programs, the vendor's part, watches and faults."""
