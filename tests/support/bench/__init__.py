"""What the benchmark measures with, and on what."""
