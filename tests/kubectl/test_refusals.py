"""What kubectl says when something is wrong: the words that its users know."""

import pytest

from .conftest import Kubectl

CONTAINER = "{name: c, image: x}"
TEMPLATE = f"template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{CONTAINER}]}}}}"
SELECTOR = "selector: {matchLabels: {a: b}}"


def pod(spec: str = f"containers: [{CONTAINER}]", metadata: str = "name: one") -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"


def deployment(spec: str = f"{SELECTOR}, {TEMPLATE}") -> str:
    return f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{{spec}}}\n"


def refusal(kubectl: Kubectl, manifest: str, *options: str) -> str:
    return kubectl("apply", "-f", "-", *options, given=manifest, code=1)


def test_wrong_types(kubectl: Kubectl) -> None:
    begin = 'Error from server (BadRequest): error when creating "STDIN": '
    assert refusal(kubectl, deployment(f'replicas: "3", {SELECTOR}, {TEMPLATE}')) == (
        f'{begin}Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go '
        "struct field DeploymentSpec.spec.replicas of type int32\n"
    )
    assert refusal(kubectl, pod("containers: none")) == (
        f'{begin}Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field '
        "PodSpec.spec.containers of type []v1.Container\n"
    )


def test_bad_quantities(kubectl: Kubectl) -> None:
    bad = refusal(kubectl, pod("containers: [{name: c, image: x, resources: {requests: {cpu: lots}}}]"))
    assert "spec.containers[0].resources.requests[cpu]: quantities must match the regular expression" in bad
    more = refusal(kubectl, pod("containers: [{name: c, image: x, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}]"))
    assert more == (
        'The Pod "one" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or '
        "equal to cpu limit of 1\n"
    )


def test_unknown_fields_as_the_user_wants_them_treated(kubectl: Kubectl) -> None:
    manifest = pod("containers: [{name: c, image: x, imag: y}]", "name: one, colour: red")
    assert refusal(kubectl, manifest).endswith(
        'strict decoding error: unknown field "metadata.colour", unknown field "spec.containers[0].imag"\n'
    )
    warned = kubectl("apply", "-f", "-", "--validate=warn", given=manifest)
    assert warned.splitlines() == [
        'Warning: unknown field "metadata.colour"',
        'Warning: unknown field "spec.containers[0].imag"',
        "pod/one created",
    ]
    assert kubectl("apply", "-f", "-", "--validate=ignore", given=manifest) == "pod/one configured\n"


def test_kinds_that_are_not_there(kubectl: Kubectl) -> None:
    gadget = "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: one}\n"
    assert 'no matches for kind "Gadget" in version "example.com/v1"' in refusal(kubectl, gadget)
    assert 'no matches for kind "Pod" in version "v2"' in refusal(kubectl, pod().replace("v1", "v2"))
    assert "kind not set" in refusal(kubectl, pod().replace("kind: Pod\n", ""))
    assert "apiVersion not set" in refusal(kubectl, pod().replace("apiVersion: v1\n", ""))
    assert "error converting YAML to JSON" in refusal(kubectl, "a: b: c\n")


def test_what_must_be_given(kubectl: Kubectl) -> None:
    assert refusal(kubectl, pod("")) == 'The Pod "one" is invalid: spec.containers: Required value\n'
    assert refusal(kubectl, deployment(TEMPLATE)).splitlines() == [
        'The Deployment "web" is invalid: ',
        "* spec.selector: Required value",
        '* spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
    ]
    nameless = kubectl("create", "-f", "-", given=pod(metadata=""), code=1)
    assert "metadata.name: Required value: name or generateName is required" in nameless


def test_several_mistakes_are_told_at_once(kubectl: Kubectl) -> None:
    spec = (
        "restartPolicy: Sometimes, containers: [{name: C_c, image: '', ports: [{containerPort: 99999}], "
        "volumeMounts: [{name: v, mountPath: /x}]}]"
    )
    found = refusal(kubectl, pod(spec, "name: Bad_Name")).splitlines()
    assert found[0] == 'The Pod "Bad_Name" is invalid: '
    assert [line.split(": ")[0] for line in found[1:]] == [
        "* metadata.name",
        "* spec.containers[0].name",
        "* spec.containers[0].image",
        "* spec.containers[0].ports[0].containerPort",
        "* spec.containers[0].volumeMounts[0].name",
        "* spec.restartPolicy",
    ]
    assert "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters" in found[1]
    assert found[-1].endswith('Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"')


def test_what_cannot_change(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=pod())
    fixed = refusal(kubectl, pod("containers: [{name: c, image: x, command: [a]}]"))
    assert 'The Pod "one" is invalid: spec: Forbidden: pod updates may not change fields other than' in fixed
    assert fixed.splitlines()[-1] == '  spec.containers[0].command: null became ["a"]'
    kubectl("apply", "-f", "-", given=deployment())
    assert refusal(kubectl, deployment().replace("a: b", "a: c")) == (
        'The Deployment "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable\n'
    )
    kubectl("create", "job", "work", "--image=x:1")
    assert "field is immutable" in kubectl("set", "image", "job/work", "work=x:2", code=1)


def test_conflicts(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", given=pod())
    stale = kubectl("replace", "-f", "-", given=pod(metadata="name: one, resourceVersion: '1'"), code=1)
    assert stale == (
        'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on pods "one": '
        "the object has been modified; please apply your changes to the latest version and try again\n"
    )
    other = kubectl("replace", "-f", "-", given=pod(metadata="name: one, uid: other"), code=1)
    assert "Precondition failed: UID in precondition: other" in other


def test_places_that_are_not_there(kubectl: Kubectl) -> None:
    elsewhere = kubectl("apply", "-n", "nowhere", "-f", "-", given=pod(), code=1)
    assert elsewhere == 'Error from server (NotFound): error when creating "STDIN": namespaces "nowhere" not found\n'


@pytest.mark.parametrize(
    ("options", "patch", "words"),
    [
        ((), '{"spec":{"replicas":"many"}}', "DeploymentSpec.spec.replicas of type int32"),
        ((), "text", "json: cannot unmarshal string into Go value of type map[string]interface {}"),
        (("--type=json",), '{"op":"remove"}', "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        (
            ("--type=json",),
            '[{"op":"test","path":"/spec/replicas","value":9}]',
            "The request is invalid: the server rejected our request due to an error in our request: "
            "testing value /spec/replicas failed: test failed",
        ),
        (
            ("--type=json",),
            '[{"op":"remove","path":"/spec/colour"}]',
            "error in remove for path: '/spec/colour': Unable to remove nonexistent key: colour: missing value",
        ),
    ],
)
def test_patches(kubectl: Kubectl, options: tuple[str, ...], patch: str, words: str) -> None:
    kubectl("create", "-f", "-", given=deployment())
    assert words in kubectl("patch", "deployment", "web", *options, "-p", patch, code=1)


def test_streams_to_a_node_that_cannot_be_reached(kubectl: Kubectl) -> None:
    kubectl.pod()
    assert kubectl("exec", "one", "--", "ls", code=1) == "error: node fake cannot be reached from here\n"
    unknown = "container side is not valid for pod one\n"
    assert kubectl("exec", "one", "-c", "side", "--", "ls", code=1) == f"Error from server (BadRequest): {unknown}"
    assert kubectl("logs", "one", "-c", "side", code=1) == f"error: {unknown}"
    assert 'pods "none" not found' in kubectl("exec", "none", "--", "ls", code=1)
