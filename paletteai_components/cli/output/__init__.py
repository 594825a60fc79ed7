"""What the commands print, for people and for machines.

It imports the rooms whose records it prints; the commands import it.
"""
