#!/usr/bin/env python3
"""Writes the files of this repository that a platform team's repository has, too: `make repository`.

The source is `paletteai_components/repository/files`, which `paletteai init` writes. This repository is such a
repository, but for the differences below. The pins in the source come from requirements.txt and from `__version__`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from paletteai_components import __version__

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "paletteai_components" / "repository" / "files"
PINS = SOURCE / "requirements.txt"

NOT_HERE = {
    "README.md": "This one is about the package.",
    "requirements.txt": "This one has hashes, and no pin of the package itself, which is installed from the checkout.",
    "stacks/.gitkeep": "There are stack files.",
}
"""The files of the source that this repository does not take over, and why."""

_HEAD = """\
# The versions that this release was tested with, of everything that it needs. README.md says how to upgrade, and how to
# hold what is installed to hashes.
"""


@dataclass(frozen=True)
class Difference:
    """A text of a file that is another one in this repository."""

    path: str
    theirs: str
    """The text in the source, where it is exactly once. It is kept, unless `ours` lacks it."""
    ours: str


_RULES = "${{ github.server_url }}/${{ github.repository }}/blob/HEAD/docs/rules/{code}.md"

DIFFERENCES = (
    # The package is installed from the checkout.
    Difference(
        ".ci/install",
        """\
# Installs what requirements.txt pins into .venv: run it in the top folder, as the workflows do.
# With requirements.lock, what is downloaded is held to the hashes in it. See README.md.
set -euo pipefail

python3 -m venv .venv
install=(.venv/bin/python -m pip install --quiet --disable-pip-version-check)
if [[ -f requirements.lock ]]; then
  "${install[@]}" --require-hashes --requirement requirements.lock
else
  "${install[@]}" --requirement requirements.txt
fi
""",
        """\
# Installs what requirements.txt pins, and this checkout of the package, into .venv.
set -euo pipefail

make .venv/.runtime
""",
    ),
    # Nothing is deployed before the package's own tests have passed for the same commit.
    Difference(
        ".github/workflows/deploy.yaml",
        "jobs:\n  stacks:\n    # A person may start it on any branch.\n",
        """\
jobs:
  test:
    permissions:
      contents: read
    uses: ./.github/workflows/test.yaml

  stacks:
    needs: test
    # A person may start it on any branch.
""",
    ),
    Difference(".gitlab-ci.yml", "stages: [check, comment,", "stages: [check, test, comment,"),
    Difference(
        ".gitlab-ci.yml",
        "  extends: [.installed, .deploy]\n  stage: stacks\n",
        "  extends: [.installed, .deploy]\n  stage: stacks\n  needs: [test]\n",
    ),
    Difference(
        ".gitlab-ci.yml",
        "comment:\n  extends: .installed\n",
        """\
# The package's own tests. Pulumi's image has everything they need, also Go. Nothing is deployed before they pass for
# the same commit.

test:
  stage: test
  needs: []
  image:
    name: pulumi/pulumi:3.272.0@$PULUMI_IMAGE_DIGEST
    entrypoint: [""]
  timeout: 1 hour
  interruptible: false
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      interruptible: true
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE == "push"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE =~ /^(web|api)$/ && $DEPLOY_EVERYTHING
  script:
    - .ci/run

versions:
  extends: .merge-request
  stage: test
  needs: []
  timeout: 1 hour
  parallel:
    matrix:
      - VERSIONS: [oldest, newest]
  script:
    - .ci/versions "$VERSIONS"

comment:
  extends: .installed
""",
    ),
    # The comment links to the pages of the rules, which are here.
    *(
        difference
        for path, command, indent in (
            (".github/workflows/check.yaml", "paletteai diff", 10),
            (".github/workflows/comment.yaml", ".venv/bin/paletteai ci comment", 10),
        )
        for difference in (
            Difference(path, f"        run: {command} ", f"{' ' * indent}RULES_URL: {_RULES}\n        run: {command} "),
        )
    ),
    Difference(
        ".github/workflows/check.yaml",
        """--source-url "$SOURCE_URL" 'HEAD^1'""",
        """--source-url "$SOURCE_URL" --rules-url "$RULES_URL" 'HEAD^1'""",
    ),
    Difference(
        ".github/workflows/comment.yaml",
        "# Only this address is posted as a link; check.yaml has the same.",
        "# Only these addresses are posted as links; check.yaml has the same.",
    ),
    Difference(
        ".gitlab-ci.yml",
        "/-/blob/$CI_COMMIT_SHA/{file}#L{line}\n",
        "/-/blob/$CI_COMMIT_SHA/{file}#L{line}\n  RULES_URL: $CI_PROJECT_URL/-/blob/HEAD/docs/rules/{code}.md\n",
    ),
    Difference(
        ".gitlab-ci.yml",
        """--source-url "$SOURCE_URL" "$CI_MERGE""",
        """--source-url "$SOURCE_URL" --rules-url "$RULES_URL" "$CI_MERGE""",
    ),
    # What the development of the package leaves, and the files that only it has.
    Difference(
        ".gitignore",
        "# The environment, which .ci/install makes\n/.venv\n\n# Caches\n__pycache__/\n*.py[cod]\n",
        """\
# Made by make
/.venv
/.venv-tools/
/.venv-release/
/.venv-site/
/.coverage
/.coverage.*
/htmlcov/
/dist/
/build/
*.egg-info/
*.new.*

# The environments of the component package and of the policy pack, which the Pulumi CLI makes
/plugin/venv/
/policy/venv/

# Caches
__pycache__/
*.py[cod]
.hypothesis/
.mypy_cache/
.pytest_cache/
.ruff_cache/
""",
    ),
    Difference(
        ".editorconfig",
        "[*.md]\nmax_line_length = 140\n",
        """\
[Makefile]
indent_style = tab

[*.md]
max_line_length = 140

[{LICENSE,*.LICENSE,*.min.js}]
# Taken over as they are.
charset = unset
end_of_line = unset
indent_size = unset
indent_style = unset
insert_final_newline = unset
max_line_length = unset
trim_trailing_whitespace = unset
""",
    ),
)


def pins() -> str:
    """The requirements of a repository: our pins without hashes, and the package itself."""
    text = re.sub(r" \\\n\s+--hash=\S+", "", (ROOT / "requirements.txt").read_text())
    # What only an install from a checkout needs is not there.
    pinned = [line for line in text.splitlines() if "==" in line and not line.startswith(("#", "flit-core=="))]
    return _HEAD + "\n".join([f"paletteai-components=={__version__}", *pinned]) + "\n"


def here(path: str) -> str:
    """The content that a file of the source has in this repository. Raises ValueError if a difference is outdated."""
    text = (SOURCE / path).read_text()
    for each in DIFFERENCES:
        if each.path == path:
            if text.count(each.theirs) != 1:
                raise ValueError(f"{path} of the source does not have this exactly once:\n{each.theirs}")
            text = text.replace(each.theirs, each.ours)
    return text


def paths() -> list[str]:
    """The files of the source that this repository has."""
    found = (str(file.relative_to(SOURCE)) for file in SOURCE.rglob("*") if file.is_file())
    return sorted(path for path in found if path not in NOT_HERE)


def main() -> None:
    """Write the pins of the source, and then the files of this repository."""
    PINS.write_text(pins())
    for path in paths():
        (ROOT / path).write_text(here(path))
        print(f"Wrote {path}")


if __name__ == "__main__":
    main()
