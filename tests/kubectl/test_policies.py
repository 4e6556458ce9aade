"""What kubectl prints where a ValidatingAdmissionPolicy refuses, warns, or does not fit its objects."""

import json

from .conftest import Kubectl


def bound(kubectl: Kubectl, action: str, expression: str = "object.data.mode != 'bad'") -> str:
    """A policy for ConfigMaps of the test's own namespace; its name."""
    name = f"modes.{kubectl.namespace}"
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    chosen = {"matchLabels": {"kubernetes.io/metadata.name": kubectl.namespace}}
    policy = {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": chosen},
        "validations": [{"expression": expression, "messageExpression": "'mode is ' + string(object.data.mode)"}],
    }
    version = "admissionregistration.k8s.io/v1"
    items = [
        {"apiVersion": version, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": policy},
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": [action]},
        },
    ]
    kubectl("create", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return name


def test_a_refusal_is_printed_as_by_a_real_cluster(kubectl: Kubectl) -> None:
    name = bound(kubectl, "Deny")
    printed = kubectl("create", "configmap", "one", "--from-literal=mode=bad", code=1)
    denied = f"ValidatingAdmissionPolicy '{name}' with binding '{name}' denied request: mode is bad"
    assert printed == f'error: failed to create configmap: configmaps "one" is forbidden: {denied}\n'
    kubectl("create", "configmap", "one", "--from-literal=mode=good")


def test_a_warning_is_printed_and_the_object_made(kubectl: Kubectl) -> None:
    name = bound(kubectl, "Warn")
    printed = kubectl("create", "configmap", "one", "--from-literal=mode=bad")
    warning = f"Validation failed for ValidatingAdmissionPolicy '{name}' with binding '{name}': mode is bad"
    assert printed == f"Warning: {warning}\nconfigmap/one created\n"


def test_a_description_shows_what_the_type_check_found(kubectl: Kubectl) -> None:
    name = bound(kubectl, "Deny", "object.date.mode != 'bad'")
    printed = kubectl("describe", "validatingadmissionpolicy", name)
    assert "Expression Warnings:" in printed
    assert "/v1, Kind=ConfigMap: ERROR: <input>:1:7: undefined field 'date'" in printed
    assert kubectl.rows("get", "validatingadmissionpolicies", name)[1][:3] == [name, "1", "<unset>"]


def test_a_pod_that_its_namespace_does_not_allow_is_refused(kubectl: Kubectl) -> None:
    kubectl("label", "namespace", kubectl.namespace, "pod-security.kubernetes.io/enforce=baseline")
    container = {"name": "a", "image": "a", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    printed = kubectl("create", "-f", "-", given=json.dumps(pod), code=1)
    violation = 'privileged (container "a" must not set securityContext.privileged=true)'
    assert printed == (
        'Error from server (Forbidden): error when creating "STDIN": pods "p" is forbidden: violates PodSecurity '
        f'"baseline:latest": {violation}\n'
    )
