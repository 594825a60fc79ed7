"""Output: what the commands print, as text, JSON, Markdown or Mermaid."""
