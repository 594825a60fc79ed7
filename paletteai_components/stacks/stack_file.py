"""A stack file: read into a stack, and what is wrong with the keys in it.

Reading does not stop at the first mistake. A value that cannot be used becomes a PAI012 diagnostic and is left out.
The rules that hold for parts of a declaration still check the rest. A running program passes the configuration
without a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation
from paletteai_components.encryption import canonical_ciphertext, ciphertext_of
from paletteai_components.model.spec import StackSpec
from paletteai_components.pulumi_yaml.document import Document, items_of
from paletteai_components.redaction import named
from paletteai_components.stacks.configuration import (
    NAMESPACE,
    ambiguous_keys,
    encrypted_values,
    malformed_keys,
    near_misses,
    qualified,
)
from paletteai_components.stacks.files import document_in, stack_name_of
from paletteai_components.stacks.provider_keys import KUBERNETES_KEYS, context_in, provider_key_problems
from paletteai_components.stacks.pulumi_project import PulumiProject
from paletteai_components.stacks.sources import Sources
from paletteai_components.stacks.spelling import meant_field, suggestion
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import is_word, misread, missing_key, unknown_field, validated

# The keys that Pulumi keeps in a stack file. Any other has no effect, and Pulumi removes it when it writes the file.
_PULUMIS = frozenset({"config", "encryptionsalt", "secretsprovider", "encryptedkey", "environment"})
_KEYS = frozenset(info.alias or name for name, info in StackSpec.model_fields.items())


def stack_from_file(path: FilePath, project: PulumiProject | None = None) -> Stack:
    """The stack that a file declares, with the defaults of its Pulumi project as Pulumi applies them.

    Raises StackFileError if the file cannot be read or is not YAML as Pulumi reads it.
    """
    return stack_from_document(document_in(path), project)


def stack_from_document(document: Document, project: PulumiProject | None = None) -> Stack:
    """The stack that a document declares: see `stack_from_file`."""
    shown = document.file
    path = FilePath(shown)
    name = stack_name_of(path.name, path.suffix) or path.stem
    documents = (document, project.document) if project else (document,)
    namespace = project.name if project else NAMESPACE
    config = document.value.get("config")
    own = config if isinstance(config, dict) else {}
    written = {qualified(key, namespace): value for key, value in own.items()}
    stack = stack_from_config(name, configuration_of(document, project), shown, documents, namespace)
    beside = [key for key in document.value if key not in _PULUMIS]
    astray = [key for key in beside if key.removeprefix(f"{NAMESPACE}:") in _KEYS]
    if not isinstance(config, dict) and (stack.spec is None or config is not None):
        stack = replace(stack, spec=None, diagnostics=(_without_config(document, astray),), is_complete=False)
        # All of it is one mistake.
        beside = [key for key in beside if not astray or ":" not in key]
    elif f"{NAMESPACE}:tenant" in astray:
        # That it is outside is said.
        lacking = missing_key("tenant", document.location(("config",)))
        stack = replace(stack, diagnostics=tuple(each for each in stack.diagnostics if each != lacking))
    imports = _imports_in(document.value.get("environment", ()))
    # An ESC environment may add what a stack lacks, and merge into what it has.
    refused = project.stack_diagnostics(written, document) if project and not imports else ()
    others = {
        key: value
        for key, value in own.items()
        if not (name := qualified(key, namespace)).startswith(f"{NAMESPACE}:") and name not in stack.misspelt.values()
    }
    salt, data_key = document.value.get("encryptionsalt"), document.value.get("encryptedkey")
    return replace(
        stack,
        file_diagnostics=(
            *(_outside_config(key, document.location((key,))) for key in beside),
            *_key_diagnostics(documents, project, stack.misspelt),
            *_provider_key_diagnostics(configuration_of(document, project), documents, namespace),
            *refused,
            *stack.file_diagnostics,
        ),
        imports=imports,
        salt=salt if isinstance(salt, str) else None,
        data_key=data_key if isinstance(data_key, str) else None,
        other_secrets={
            canonical_ciphertext(ciphertext): ("config", *path) for path, ciphertext in encrypted_values(others)
        },
    )


def configuration_of(document: Document, project: PulumiProject | None = None) -> dict[str, Any]:
    """The configuration of a stack file with the defaults of its Pulumi project, by keys with namespaces."""
    config = document.value.get("config")
    namespace, defaults = (project.name, project.defaults) if project else (NAMESPACE, {})
    own = config if isinstance(config, dict) else {}
    return defaults | {qualified(key, namespace): value for key, value in own.items()}


def stack_from_config(
    name: str,
    config: Mapping[str, Any],
    file: str = "",
    documents: tuple[Document, ...] = (),
    project: str = NAMESPACE,
    *,
    is_opened: bool = False,
) -> Stack:
    """The stack that a configuration declares.

    Args:
        name: The stack's name.
        config: Pulumi's keys, such as ``paletteai:tenant``, with their values.
        file: The stack file as the user would type it.
        documents: The files that the configuration comes from.
        project: The name of the Pulumi project.
        is_opened: Whether Pulumi has decrypted the configuration, so that it has no ciphertext.
    """
    ours = [key.removeprefix(f"{NAMESPACE}:") for key in config if key.startswith(f"{NAMESPACE}:")]
    declared = {each: config[f"{NAMESPACE}:{each}"] for each in ours if each in _KEYS}
    misspelt = _misspelt_keys(config, declared, project)
    declared |= {meant: config[key] for meant, key in misspelt.items()}
    sources = Sources(documents, file, project, name, misspelt)
    diagnostics = [_unknown_key(sources.location((each,)), each) for each in ours if each not in _KEYS]
    result = validated(declared, sources, is_opened=is_opened)
    spec = result.spec
    context, kubeconfig = context_in(config), config.get("kubernetes:kubeconfig")
    cluster = spec.cluster if spec and spec.cluster else context
    return Stack(
        name,
        file,
        spec,
        (*diagnostics, *result.diagnostics),
        result.file_diagnostics,
        is_complete=result.is_complete,
        left_out=result.left_out,
        identified=result.identified,
        documents=documents,
        cluster=cluster,
        context=context,
        kubeconfig=_kubeconfig_in(kubeconfig),
        pulumi_project=project,
        misspelt=misspelt,
    )


def _misspelt_keys(config: Mapping[str, Any], declared: Mapping[str, Any], project: str) -> dict[str, str]:
    """The keys of a configuration that certainly mean one of this package that is missing, by its name."""
    found: dict[str, str] = {}
    for key in config:
        namespace, _, name = key.partition(":")
        meant = meant_field(name, _KEYS) if namespace == NAMESPACE and name not in _KEYS else None
        if meant is not None and meant not in declared:
            found.setdefault(meant, key)
    near = {name.removeprefix(f"{NAMESPACE}:"): key for key, name in near_misses(config, config, project, _KEYS)}
    if "tenant" in near:
        found.setdefault("tenant", near["tenant"])
    # Another program may have such a key, but this stack needs one.
    tenant = config[found["tenant"]] if "tenant" in found else declared.get("tenant")
    if "integrations" in near and _binds(tenant):
        found.setdefault("integrations", near["integrations"])
    return found


def _binds(value: Any) -> bool:
    """Whether a field `palette` is anywhere in the data of a tenant."""
    return any(key == "palette" or _binds(inner) for key, inner in items_of(value))


def _unknown_key(location: SourceLocation, name: str) -> Diagnostic:
    shown = f"`{NAMESPACE}:{name}`" if is_word(name) else "a key"
    if name in KUBERNETES_KEYS:
        remedy = f"Did you mean `kubernetes:{name}`?"
    else:
        # Each name that is asked for gets its namespace.
        remedy = suggestion(name, _KEYS).replace(" `", f" `{NAMESPACE}:")
    known = ", ".join(f"{NAMESPACE}:{each}" for each in sorted(_KEYS))
    fact = f"{shown} is no key of this package, so it has no effect"
    return misread(location, fact, remedy or f"Known keys: {known}.")


def _without_config(document: Document, astray: list[str]) -> Diagnostic:
    if astray and document.value.get("config") is None:
        fact = f"`{astray[0]}` is outside of `config`, so it has no effect, and the file declares no tenant"
        head = (
            "Indent everything below `config:`"
            if "config" in document.value
            else "Put `config:` above it, and indent the rest"
        )
        return misread(document.location((astray[0],)), fact, f"{head} by two spaces.")
    location = document.location(("config",) if "config" in document.value else ())
    fact = "the file has no `config` object, so it declares no tenant"
    return misread(location, fact, "Put `paletteai:tenant` and `paletteai:integrations` under `config:`.")


def _outside_config(key: str, location: SourceLocation) -> Diagnostic:
    if key.removeprefix(f"{NAMESPACE}:") in _KEYS:
        return misread(location, f"`{key}` is outside of `config`, so it has no effect", "Indent it under `config:`.")
    return unknown_field(location, key, _PULUMIS, "the file, outside of `config`,")


def _key_diagnostics(
    documents: tuple[Document, ...], project: PulumiProject | None, misspelt: Mapping[str, str]
) -> Iterator[Diagnostic]:
    """The diagnostics of the keys under `config`, in a stack file and in the project file."""
    namespace = project.name if project else NAMESPACE
    every = {
        key for document in documents if isinstance(config := document.value.get("config"), dict) for key in config
    }
    for document in documents:
        config = document.value.get("config")
        if not isinstance(config, dict):
            continue
        for key in malformed_keys(config):
            fact = "a key of `config` has more than one colon, so Pulumi reads it as another key or refuses the file"
            remedy = "Write it as `<namespace>:<name>`, for example `kubernetes:context`."
            yield misread(document.location(("config", key)), fact, remedy)
        for pair in ambiguous_keys(config, namespace):
            first, second = (document.location(("config", key)) for key in pair)
            fact = "two keys of `config` are one key to Pulumi, which uses the value of either"
            yield replace(misread(first, fact, "Keep one of them."), where=(first, second))
        for key, meant in near_misses(config, every, namespace, _KEYS):
            fact = f"`{named(qualified(key, namespace))}` is no key of this package, so it has no effect here"
            if ":" not in key:
                fact = f"Pulumi reads `{key}` as `{named(qualified(key, namespace))}`, so it has no effect here"
            where = (document.location(("config", key)),)
            is_needed = misspelt.get(meant.removeprefix(f"{NAMESPACE}:")) == qualified(key, namespace)
            severity = Severity.ERROR if is_needed else Severity.WARNING
            yield Diagnostic("PAI012", f"{fact}.", f"Did you mean `{meant}`?", where, severity)
        if project is None:
            yield from _assumed_namespace(config, document)


def _provider_key_diagnostics(
    config: Mapping[str, Any], documents: tuple[Document, ...], project: str
) -> Iterator[Diagnostic]:
    """The warnings of the keys of Pulumi and its Kubernetes provider."""
    for key, fact, remedy in provider_key_problems(config):
        where = (Sources(documents, project=project).key_location(key),)
        yield Diagnostic("PAI012", f"{fact}.", remedy, where, Severity.WARNING)


def _assumed_namespace(config: Mapping[str, Any], document: Document) -> Iterator[Diagnostic]:
    """The warning of plain keys in a folder without a Pulumi project, whose name would be their namespace."""
    plain = [key for key in config if key in _KEYS]
    if plain:
        fact = (
            f"`{plain[0]}` has no namespace, and no Pulumi project was found whose name it would have; it was read as "
            f"`{NAMESPACE}:{plain[0]}`"
        )
        where = tuple(document.location(("config", key)) for key in plain)
        yield Diagnostic("PAI012", f"{fact}.", f"Write `{NAMESPACE}:{plain[0]}`.", where, Severity.WARNING)


def _kubeconfig_in(value: object) -> str | None:
    ciphertext = ciphertext_of(value)
    if ciphertext is not None:
        return canonical_ciphertext(ciphertext)
    return value if isinstance(value, str) and value else None


def _imports_in(imports: object) -> tuple[str, ...]:
    if isinstance(imports, dict):
        imports = imports.get("imports")
    if not isinstance(imports, list | tuple):
        return ()
    # An import is a name, or a mapping from the name to its options.
    return tuple(str(name) for entry in imports for name in (entry if isinstance(entry, dict) else (entry,)))
