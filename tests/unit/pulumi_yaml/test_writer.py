"""The YAML that `render` prints: what PyYAML writes with our quotes, without being asked to represent every value."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from paletteai_components.pulumi_yaml.writer import quoted, yaml_of

DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Reference(DUMPER):  # type: ignore[misc]
    """PyYAML's own way."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if quoted(text) == text else '"')


Reference.add_representer(str, _text)

SCALARS = st.one_of(
    st.text(),
    st.sampled_from(["on", "1e3", "a: b", "- x", "#", "a\nb", " x", "é", "\x85", "word " * 60, "~", ""]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=3))
def test_what_is_printed_is_what_pyyaml_would_write(manifests: list[dict[str, Any]]) -> None:
    assert yaml_of(manifests) == yaml.dump_all(
        manifests, Dumper=Reference, sort_keys=False, explicit_start=True, default_flow_style=False, width=2**31 - 1
    )
