"""What kubectl prints where the webhook that converts custom resources cannot be reached."""

import json

from .conftest import Kubectl


def test_an_object_that_cannot_be_converted_is_an_error(kubectl: Kubectl) -> None:
    group = f"{kubectl.namespace}.example.com"
    schema = {"openAPIV3Schema": {"type": "object"}}
    # Nobody listens there: the port belongs to tcpmux, which only root could offer.
    webhook = {"clientConfig": {"url": "https://127.0.0.1:1/convert"}, "conversionReviewVersions": ["v1"]}
    spec = {
        "group": group,
        "scope": "Namespaced",
        "names": {"plural": "gears", "kind": "Gear"},
        "versions": [
            {"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")
        ],
        "conversion": {"strategy": "Webhook", "webhook": webhook},
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gears.{group}"},
        "spec": spec,
    }
    kubectl("create", "-f", "-", given=json.dumps(definition))
    kubectl("wait", "--for=condition=established", f"crd/gears.{group}", "--timeout=30s")
    gear = {"apiVersion": f"{group}/v1", "kind": "Gear", "metadata": {"name": "a"}}
    kubectl("create", "-f", "-", given=json.dumps(gear))
    printed = kubectl("get", f"gears.v2.{group}", "a", code=1)
    wanted = (
        f'Error from server: conversion webhook for {group}/v1, Kind=Gear failed: Post "https://127.0.0.1:1/convert'
    )
    assert printed.startswith(wanted)
    assert kubectl("get", f"gears.v1.{group}", "a", "-o", "name") == f"gear.{group}/a\n"
    kubectl("delete", "crd", f"gears.{group}")
