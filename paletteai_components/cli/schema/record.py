"""A record: an object of JSON with the fields that it declares and no others, each with a docstring."""

from __future__ import annotations

from pydantic import ConfigDict, with_config

record = with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
"""The decorator of every record."""
