"""What is refused of a Pod's containers: one mistake each, and what the real server says."""

from apiserver.validation import pod
from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = pod.BASE
MISTAKES: list[Mistake] = [
    ({"spec": {"containers": []}}, ["Required spec.containers: Required value"]),
    ({"spec": {"containers": [{"image": "x"}]}}, ["Required spec.containers[0].name: Required value"]),
    ({"spec": {"containers": [{"name": "A_b", "image": "x"}]}}, [
        "Invalid spec.containers[0].name: Invalid value: \"A_b\": a lowercase RFC 1123 label must consist of l…"]),
    ({"spec": {"containers": [{"name": "a"}]}}, ["Required spec.containers[0].image: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx"}, {"name": "main", "image": "nginx"}]}}, [
        "Duplicate spec.containers[1].name: Duplicate value: \"main\""]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "terminationMessagePolicy": "Often"}]}}, [
        "NotSupported spec.containers[0].terminationMessagePolicy: Unsupported value: \"Often\": supported val…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "imagePullPolicy": "Often"}]}}, [
        "NotSupported spec.containers[0].imagePullPolicy: Unsupported value: \"Often\": supported values: \"Al…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "restartPolicy": "Always"}]}}, [
        "Forbidden spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 0}]}]}}, [
        "Required spec.containers[0].ports[0].containerPort: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 70000}]}]}}, [
        "Invalid spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535,…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1, "hostPort": -1}]}]}},
        ["Invalid spec.containers[0].ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusi…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1,
        "protocol": "ICMP"}]}]}}, [
        "NotSupported spec.containers[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"S…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1, "name": "UPPER"}]}]}},
        ["Invalid spec.containers[0].ports[0].name: Invalid value: \"UPPER\": must contain only alpha-numeric c…",
        "Invalid spec.containers[0].ports[0].name: Invalid value: \"UPPER\": must contain at least one letter …"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1, "name": "a--b"}]}]}},
        ["Invalid spec.containers[0].ports[0].name: Invalid value: \"a--b\": must not contain consecutive hyphe…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1, "name": "1"}]}]}}, [
        "Invalid spec.containers[0].ports[0].name: Invalid value: \"1\": must contain at least one letter (a-z)"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1,
        "name": "aaaaaaaaaaaaaaaa"}]}]}}, [
        "Invalid spec.containers[0].ports[0].name: Invalid value: \"aaaaaaaaaaaaaaaa\": must be no more than 1…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1, "name": "x"}, {
        "containerPort": 2, "name": "x"}]}]}}, [
        "Duplicate spec.containers[0].ports[1].name: Duplicate value: \"x\""]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1, "hostPort": 80}, {
        "containerPort": 2, "hostPort": 80}]}]}}, [
        "Duplicate spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\""]),
    ({"spec": {"hostNetwork": True, "containers": [{"name": "main", "image": "nginx", "ports": [{"containerPort": 1,
        "hostPort": 2}]}]}}, [
        "Invalid spec.containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort` when `host…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": ""}]}]}}, [
        "Required spec.containers[0].env[0].name: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "a=b"}]}]}}, [
        "Invalid spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name mus…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "a\nb"}]}]}}, [
        "Invalid spec.containers[0].env[0].name: Invalid value: \"a\\nb\": a valid environment variable name m…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `r…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "value": "x", "valueFrom": {
        "fieldRef": {"fieldPath": "metadata.name"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` i…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"fieldRef": {
        "fieldPath": "metadata.name"}, "secretKeyRef": {"name": "s", "key": "k"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not have more than one field sp…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"fieldRef": {
        "fieldPath": "metadata.foo"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.foo\": erro…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"fieldRef": {
        "fieldPath": ""}}}]}]}}, ["Required spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"fieldRef": {
        "fieldPath": "metadata.labels"}}}]}]}}, [
        "NotSupported spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.la…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"fieldRef": {
        "fieldPath": "metadata.labels['a b']"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"a b\": name part must consist …"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"fieldRef": {
        "fieldPath": "metadata.name['x']"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name['x']\"…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"fieldRef": {
        "fieldPath": "status.phase"}}}]}]}}, [
        "NotSupported spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"status.phas…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"fieldRef": {
        "fieldPath": "metadata.annotations['A/B/C']"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"A/B/C\": a qualified name mus…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "resourceFieldRef": {"resource": "limits.foo"}}}]}]}}, [
        "NotSupported spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: \"limi…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "resourceFieldRef": {"resource": ""}}}]}]}}, [
        "Required spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "resourceFieldRef": {"resource": "limits.cpu", "divisor": "2"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": …"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "resourceFieldRef": {"resource": "limits.memory", "divisor": "2"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.memory…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "resourceFieldRef": {"resource": "requests.ephemeral-storage", "divisor": "1m"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"requests.ephem…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "resourceFieldRef": {"resource": "limits.hugepages-2Mi", "divisor": "1m"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.hugepag…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "configMapKeyRef": {"name": "c", "key": ""}}}]}]}}, [
        "Required spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "configMapKeyRef": {"name": "C", "key": "k"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Invalid value: \"C\": a lowercase R…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {
        "name": "s", "key": "a b"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.secretKeyRef.key: Invalid value: \"a b\": a valid config …"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "env": [{"name": "A", "valueFrom": {
        "configMapKeyRef": {"key": "k"}}}]}]}}, [
        "Invalid spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Invalid value: \"\": a lowercase RF…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "envFrom": [{}]}]}}, [
        "Invalid spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secr…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "envFrom": [{"prefix": "a=", "configMapRef": {
        "name": "c"}}]}]}}, [
        "Invalid spec.containers[0].envFrom[0].prefix: Invalid value: \"a=\": a valid environment variable nam…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "envFrom": [{"configMapRef": {"name": "C"}}]}]}}, [
        "Invalid spec.containers[0].envFrom[0].configMapRef.name: Invalid value: \"C\": a lowercase RFC 1123 s…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "envFrom": [{"configMapRef": {"name": "c"},
        "secretRef": {"name": "s"}}]}]}}, [
        "Invalid spec.containers[0].envFrom: Invalid value: \"\": may not have more than one field specified a…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "envFrom": [{"secretRef": {}}]}]}}, [
        "Required spec.containers[0].envFrom[0].secretRef.name: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "volumeDevices": [{"name": "none",
        "devicePath": "/d"}]}]}}, ["NotFound spec.containers[0].volumeDevices[0].name: Not found: \"none\""]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "cpu": "-1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be greater than or equa…",
        "Invalid spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or eq…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {"cpu": "2"}, "limits": {
        "cpu": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cp…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "foo": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[foo]: Invalid value: foo: must be a standard resource…",
        "Invalid spec.containers[0].resources.limits[foo]: Invalid value: foo: must be a standard resource…",
        "Invalid spec.containers[0].resources.requests[foo]: Invalid value: foo: must be a standard resour…",
        "Invalid spec.containers[0].resources.requests[foo]: Invalid value: foo: must be a standard resour…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "pods": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[pods]: Invalid value: pods: must be a standard resour…",
        "Invalid spec.containers[0].resources.requests[pods]: Invalid value: pods: must be a standard reso…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "a b": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[a b]: Invalid value: a b: name part must consist of a…",
        "Invalid spec.containers[0].resources.limits[a b]: Invalid value: a b: must be a standard resource…",
        "Invalid spec.containers[0].resources.requests[a b]: Invalid value: a b: name part must consist of…",
        "Invalid spec.containers[0].resources.requests[a b]: Invalid value: a b: must be a standard resour…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {"example.com/gpu": "1"},
        "limits": {}}}]}}, [
        "Required spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitabl…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {
        "example.com/gpu": "500m"}, "limits": {"example.com/gpu": "500m"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[example.com/gpu]: Invalid value: \"500m\": must be an int…",
        "Invalid spec.containers[0].resources.requests[example.com/gpu]: Invalid value: \"500m\": must be an i…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {"example.com/gpu": "1"},
        "limits": {"example.com/gpu": "2"}}}]}}, [
        "Invalid spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to example.com/gpu…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "requests.example.com/x": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[requests.example.com/x]: Invalid value: requests.example…",
        "Invalid spec.containers[0].resources.requests[requests.example.com/x]: Invalid value: requests.examp…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {"hugepages-2Mi": "4Mi"},
        "limits": {"hugepages-2Mi": "4Mi"}}}]}}, [
        "Forbidden spec.containers[0].resources: Forbidden: HugePages require cpu or memory"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {"cpu": "1",
        "hugepages-2Mi": "3Mi"}, "limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positi…",
        "Invalid spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not posi…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {},
        "claims": [{"name": "c"}]}}]}}, ["NotFound spec.containers[0].resources.claims[0]: Not found: \"c\""]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {},
        "claims": [{"name": ""}]}}]}}, ["Required spec.containers[0].resources.claims[0]: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resizePolicy": [{"resourceName": "cpu",
        "restartPolicy": "Often"}]}]}}, [
        "NotSupported spec.containers[0].resizePolicy: Unsupported value: \"Often\": supported values: \"NotRe…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resizePolicy": [{"resourceName": "disk",
        "restartPolicy": "NotRequired"}]}]}}, [
        "NotSupported spec.containers[0].resizePolicy: Unsupported value: \"disk\": supported values: \"cpu\",…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resizePolicy": [{"resourceName": "cpu",
        "restartPolicy": "NotRequired"}, {"resourceName": "cpu", "restartPolicy": "NotRequired"}]}]}}, [
        "Duplicate spec.containers[0].resizePolicy[1]: Duplicate value: \"cpu\""]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resizePolicy": [{
        "restartPolicy": "NotRequired"}]}]}}, ["Required spec.containers[0].resizePolicy: Required value"]),
    ({"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "nginx", "resizePolicy": [{
        "resourceName": "cpu", "restartPolicy": "RestartContainer"}]}]}}, [
        "Invalid spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' w…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {}}]}}, [
        "Required spec.containers[0].livenessProbe: Required value: must specify a handler type"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {"command": ["x"]},
        "httpGet": {"port": 80}}}]}}, [
        "Forbidden spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler ty…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {"command": ["x"]},
        "successThreshold": 2}}]}}, [
        "Invalid spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "startupProbe": {"exec": {"command": ["x"]},
        "successThreshold": 2}}]}}, [
        "Invalid spec.containers[0].startupProbe.successThreshold: Invalid value: 2: must be 1"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "readinessProbe": {"exec": {"command": ["x"]},
        "terminationGracePeriodSeconds": 1}}]}}, [
        "Invalid spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not b…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {"command": ["x"]},
        "terminationGracePeriodSeconds": 0}}]}}, [
        "Invalid spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be gre…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {"command": ["x"]},
        "initialDelaySeconds": -1}}]}}, [
        "Invalid spec.containers[0].livenessProbe.initialDelaySeconds: Invalid value: -1: must be greater than…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {"command": ["x"]},
        "timeoutSeconds": -1}}]}}, [
        "Invalid spec.containers[0].livenessProbe.timeoutSeconds: Invalid value: -1: must be greater than or e…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {"command": ["x"]},
        "periodSeconds": -1}}]}}, [
        "Invalid spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or eq…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {"command": ["x"]},
        "failureThreshold": -1}}]}}, [
        "Invalid spec.containers[0].livenessProbe.failureThreshold: Invalid value: -1: must be greater than or…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {}}}]}}, [
        "Required spec.containers[0].livenessProbe.exec.command: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"httpGet": {"port": 0}}}]}}, [
        "Invalid spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535,…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"httpGet": {"port": "UP"}}}]}}, [
        "Invalid spec.containers[0].livenessProbe.httpGet.port: Invalid value: \"UP\": must contain only alpha…",
        "Invalid spec.containers[0].livenessProbe.httpGet.port: Invalid value: \"UP\": must contain at least o…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"httpGet": {"port": 1,
        "scheme": "ftp"}}}]}}, [
        "NotSupported spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: \"ftp\": supported v…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"httpGet": {"port": 1,
        "httpHeaders": [{"name": "a b", "value": ""}]}}}]}}, [
        "Invalid spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid HTTP he…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"tcpSocket": {"port": 70000}}}]}},
        ["Invalid spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 70000: must be between 1 and …"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"grpc": {"port": 0}}}]}}, [
        "Invalid spec.containers[0].livenessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, in…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "readinessProbe": {}}]}}, [
        "Required spec.containers[0].readinessProbe: Required value: must specify a handler type"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "startupProbe": {}}]}}, [
        "Required spec.containers[0].startupProbe: Required value: must specify a handler type"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "lifecycle": {"preStop": {}}}]}}, [
        "Required spec.containers[0].lifecycle.preStop: Required value: must specify a handler type"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "lifecycle": {"postStart": {"exec": {}}}}]}}, [
        "Required spec.containers[0].lifecycle.postStart.exec.command: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "lifecycle": {"preStop": {"sleep": {
        "seconds": 40}}}}]}}, [
        "Invalid spec.containers[0].lifecycle.preStop.sleep: Invalid value: 40: must be non-negative and less …"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "lifecycle": {"preStop": {"sleep": {
        "seconds": -1}}}}]}}, [
        "Invalid spec.containers[0].lifecycle.preStop.sleep: Invalid value: -1: must be non-negative and less …"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "lifecycle": {"postStart": {"exec": {"command": [
        "x"]}, "sleep": {"seconds": 1}}}}]}}, [
        "Forbidden spec.containers[0].lifecycle.postStart.sleep: Forbidden: may not specify more than 1 handle…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"runAsUser": -1}}]}}, [
        "Invalid spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 214748…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"runAsGroup": 2147483648}}]}}, [
        "Invalid spec.containers[0].securityContext.runAsGroup: Invalid value: 2147483648: must be between 0 a…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"procMount": "Half"}}]}}, [
        "NotSupported spec.containers[0].securityContext.procMount: Unsupported value: \"Half\": supported val…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"procMount": "Unmasked"}}]}}, [
        "Invalid spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must b…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"seccompProfile": {}}}]}}, [
        "Required spec.containers[0].securityContext.seccompProfile.type: Required value: type is required whe…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"seccompProfile": {
        "type": "Wild"}}}]}}, [
        "NotSupported spec.containers[0].securityContext.seccompProfile.type: Unsupported value: \"Wild\": sup…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"seccompProfile": {
        "type": "Localhost"}}}]}}, [
        "Required spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be …"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"seccompProfile": {
        "type": "Localhost", "localhostProfile": "/x"}}}]}}, [
        "Invalid spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"/x\": mu…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"seccompProfile": {
        "type": "RuntimeDefault", "localhostProfile": "x"}}}]}}, [
        "Invalid spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: {\"type\":…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {
        "allowPrivilegeEscalation": False, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}}]}}, [
        "Invalid spec.containers[0].securityContext: Invalid value: {\"allowPrivilegeEscalation\":false,\"capa…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"appArmorProfile": {}}}]}}, [
        "Required spec.containers[0].securityContext.appArmorProfile.type: Required value: type is required wh…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"appArmorProfile": {
        "type": "Wild"}}}]}}, [
        "NotSupported spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: \"Wild\": su…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"appArmorProfile": {
        "type": "Localhost"}}}]}}, [
        "Required spec.containers[0].securityContext.appArmorProfile.localhostProfile: Required value: must be…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"appArmorProfile": {
        "type": "Localhost", "localhostProfile": " x"}}}]}}, [
        "Invalid spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: \" x\": m…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"appArmorProfile": {
        "type": "Unconfined", "localhostProfile": "x"}}}]}}, [
        "Invalid spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: \"x\": ca…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {"windowsOptions": {
        "gmsaCredentialSpecName": "A_"}}}]}}, [
        "Invalid spec.containers[0].securityContext.windowsOptions.gmsaCredentialSpecName: Invalid value: \"A_…"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x", "restartPolicy": "Never"}]}}, [
        "NotSupported spec.initContainers[0].restartPolicy: Unsupported value: \"Never\": supported values: \"…"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x", "livenessProbe": {"exec": {"command": ["x"]}}}]}}, [
        "Forbidden spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without…"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x", "readinessProbe": {"exec": {"command": ["x"]}}}]}}, [
        "Forbidden spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers withou…"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x", "startupProbe": {"exec": {"command": ["x"]}}}]}}, [
        "Forbidden spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers without …"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x", "lifecycle": {"preStop": {"exec": {"command": [
        "x"]}}}}]}}, [
        "Forbidden spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without res…"]),
    ({"spec": {"initContainers": [{"name": "main", "image": "x"}]}}, [
        "Duplicate spec.initContainers[0].name: Duplicate value: \"main\""]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x", "restartPolicy": "Always", "livenessProbe": {}}]}}, [
        "Required spec.initContainers[0].livenessProbe: Required value: must specify a handler type"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x"}, {"name": "i", "image": "x"}]}}, [
        "Duplicate spec.initContainers[1].name: Duplicate value: \"i\""]),
    ({"spec": {"initContainers": [{"name": "i", "image": ""}]}}, [
        "Required spec.initContainers[0].image: Required value"]),
    ({"spec": {"os": {"name": "windows"}, "containers": [{"name": "main", "image": "nginx", "securityContext": {
        "privileged": False}}]}}, [
        "Forbidden spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"os": {"name": "linux"}, "containers": [{"name": "main", "image": "nginx", "securityContext": {
        "windowsOptions": {}}}]}}, [
        "Forbidden spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set…"]),
    ({"spec": {"containers": [{"name": "main", "image": " x"}]}}, [
        "Invalid spec.containers[0].image: Invalid value: \" x\": must not have leading or trailing whitespace"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x "}]}}, [
        "Invalid spec.initContainers[0].image: Invalid value: \"x \": must not have leading or trailing whites…"]),
    ({"spec": {"os": {"name": "windows"}, "containers": [{"name": "main", "image": "nginx", "securityContext": {
        "appArmorProfile": {"type": "Unconfined"}, "seLinuxOptions": {}, "seccompProfile": {"type": "Unconfined"},
        "capabilities": {}, "readOnlyRootFilesystem": True, "privileged": False, "allowPrivilegeEscalation": True,
        "procMount": "Default", "runAsUser": 1, "runAsGroup": 1}}]}}, [
        "Forbidden spec.containers[0].securityContext.appArmorProfile: Forbidden: cannot be set for a windows …",
        "Forbidden spec.containers[0].securityContext.seLinuxOptions: Forbidden: cannot be set for a windows p…",
        "Forbidden spec.containers[0].securityContext.seccompProfile: Forbidden: cannot be set for a windows p…",
        "Forbidden spec.containers[0].securityContext.capabilities: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.containers[0].securityContext.readOnlyRootFilesystem: Forbidden: cannot be set for a w…",
        "Forbidden spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.containers[0].securityContext.allowPrivilegeEscalation: Forbidden: cannot be set for a…",
        "Forbidden spec.containers[0].securityContext.procMount: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.containers[0].securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.containers[0].securityContext.runAsGroup: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"os": {"name": "windows"}, "initContainers": [{"name": "w", "image": "x", "securityContext": {
        "appArmorProfile": {"type": "Unconfined"}, "seLinuxOptions": {}, "seccompProfile": {"type": "Unconfined"},
        "capabilities": {}, "readOnlyRootFilesystem": True, "privileged": False, "allowPrivilegeEscalation": True,
        "procMount": "Default", "runAsUser": 1, "runAsGroup": 1}}]}}, [
        "Forbidden spec.initContainers[0].securityContext.appArmorProfile: Forbidden: cannot be set for a wind…",
        "Forbidden spec.initContainers[0].securityContext.seLinuxOptions: Forbidden: cannot be set for a windo…",
        "Forbidden spec.initContainers[0].securityContext.seccompProfile: Forbidden: cannot be set for a windo…",
        "Forbidden spec.initContainers[0].securityContext.capabilities: Forbidden: cannot be set for a windows…",
        "Forbidden spec.initContainers[0].securityContext.readOnlyRootFilesystem: Forbidden: cannot be set for…",
        "Forbidden spec.initContainers[0].securityContext.privileged: Forbidden: cannot be set for a windows p…",
        "Forbidden spec.initContainers[0].securityContext.allowPrivilegeEscalation: Forbidden: cannot be set f…",
        "Forbidden spec.initContainers[0].securityContext.procMount: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.initContainers[0].securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.initContainers[0].securityContext.runAsGroup: Forbidden: cannot be set for a windows p…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "lifecycle": {"stopSignal": "SIGTERM"}}]}}, [
        "Forbidden spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empt…"]),
    ({"spec": {"os": {"name": "linux"}, "containers": [{"name": "main", "image": "nginx", "lifecycle": {
        "stopSignal": "SIGFOO"}}]}}, [
        "NotSupported spec.containers[0].lifecycle.stopSignal: Unsupported value: \"SIGFOO\": supported values…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "readinessProbe": {"exec": {"command": ["x"]},
        "successThreshold": -1}}]}}, [
        "Invalid spec.containers[0].readinessProbe.successThreshold: Invalid value: -1: must be greater than o…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "livenessProbe": {"exec": {"command": ["x"]},
        "successThreshold": -1}}]}}, [
        "Invalid spec.containers[0].livenessProbe.successThreshold: Invalid value: -1: must be greater than or…",
        "Invalid spec.containers[0].livenessProbe.successThreshold: Invalid value: -1: must be 1"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "envFrom": [{"configMapRef": {}}]}]}}, [
        "Required spec.containers[0].envFrom[0].configMapRef.name: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "envFrom": [{"secretRef": {"name": "S"}}]}]}}, [
        "Invalid spec.containers[0].envFrom[0].secretRef.name: Invalid value: \"S\": a lowercase RFC 1123 subd…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "securityContext": {
        "allowPrivilegeEscalation": False, "privileged": True}}]}}, [
        "Invalid spec.containers[0].securityContext: Invalid value: {\"allowPrivilegeEscalation\":false,\"priv…"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x", "lifecycle": {"preStop": {"exec": {"command": [
        "x"]}}}}]}}, [
        "Forbidden spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without res…"]),
]
CHANGES: list[Change] = []
# fmt: on
