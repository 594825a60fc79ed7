"""Output: what the commands print, as text, JSON, Markdown or Mermaid.

It imports the rooms whose records it prints; the commands import it.
"""
