"""What is used beyond its documentation is there, in the form in which it is used."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module

import grpc  # type: ignore[import-untyped]
import pulumi
import pytest
from kubernetes.client import Configuration
from pulumi.automation import PulumiCommand
from pulumi.runtime import resource
from pulumi.runtime.proto import language_pb2_grpc, resource_pb2_grpc, source_pb2
from pulumi.runtime.settings import get_monitor
from urllib3 import PoolManager

from paletteai_components import sdk
from paletteai_components.deployment import command as installation


def test_it_costs_nothing_to_import() -> None:
    code = "import sys, paletteai_components.sdk\nassert not {'pulumi', 'grpc', 'kubernetes'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("register", [resource.register_resource, resource.read_resource])
def test_a_resource_takes_its_call_stack_from_the_function_that_is_replaced(register: Callable[..., None]) -> None:
    assert "_get_stack_trace" in register.__code__.co_names
    assert inspect.signature(resource._get_stack_trace).parameters == {}
    assert isinstance(resource._get_stack_trace(), source_pb2.StackTrace)


def test_a_resource_sends_its_debug_lines_by_the_function_that_is_replaced() -> None:
    assert vars(resource)["log"] is pulumi.log
    assert {"log", "debug"} <= set(resource.register_resource.__code__.co_names)


def test_the_monitor_of_a_program_can_be_asked_for_and_keeps_what_it_is_given() -> None:
    assert inspect.signature(get_monitor).parameters == {}
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        vars(resource_pb2_grpc.ResourceMonitorStub(channel))["kept"] = True


def test_the_sdks_server_takes_a_program_and_answers_the_engine() -> None:
    server = import_module(sdk.PROGRAM_SERVER).LanguageServer
    assert list(inspect.signature(server).parameters) == ["program"]
    assert issubclass(server, language_pb2_grpc.LanguageRuntimeServicer)
    for asked in ("About", "GetRequiredPackages", "Run"):
        assert asked in vars(server)
    assert isinstance(sdk.program_server(lambda: None), grpc.Server)


def test_the_kubernetes_client_has_its_connections_in_a_pool() -> None:
    settings = Configuration()
    settings.retries = False
    pool = sdk.connections_of(settings)
    assert isinstance(pool, PoolManager)
    assert pool.connection_pool_kw["retries"].total is False


def test_pulumi_is_installed_in_the_version_of_the_sdk_where_none_is_named() -> None:
    assert list(inspect.signature(PulumiCommand.install).parameters)[:2] == ["root", "version"]
    assert str(import_module("pulumi.automation._cmd").sdk_version) == installation.pinned()
