"""Brings the pages at the top of the repository into the documentation site, with links that work there.

MkDocs calls these functions: see `hooks` in mkdocs.yml.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).resolve().parent.parent
_TOP_PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
# A link to a file: no URL, no mere anchor, no image.
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\[\]\n]*)\]\((?![a-z]+:|#)(?P<path>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of docs/, and the pages at the top of the repository."""
    for name in _TOP_PAGES:
        files.append(File.generated(config, name, abs_src_path=str(_ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with links to where their targets are in the site, or in the repository, if its URL is known."""
    source = page.file.src_uri
    folder = "" if source in _TOP_PAGES else posixpath.join("docs", posixpath.dirname(source))

    def linked(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link["path"]))
        if not (_ROOT / target).exists():
            # MkDocs reports it.
            return link[0]
        if target in _TOP_PAGES or target.startswith("docs/"):
            path = posixpath.relpath(target.removeprefix("docs/"), posixpath.dirname(source) or ".")
            return f"[{link['text']}]({path}{link['anchor'] or ''})"
        if config.repo_url:
            return f"[{link['text']}]({config.repo_url.rstrip('/')}/blob/HEAD/{target})"
        return link["text"]

    return _LINK.sub(linked, markdown)
