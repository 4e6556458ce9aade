"""What is refused of Pod: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": {"serviceAccountName": "default",
    "containers": [{"name": "main", "image": "nginx"}]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"containers": []}}, ["Required spec.containers: Required value"]),
    ({"spec": {"containers": [{"image": "x"}]}}, ["Required spec.containers[0].name: Required value"]),
    ({"spec": {"containers": [{"name": "A_b", "image": "x"}]}}, [
        "Invalid spec.containers[0].name: Invalid value: \"A_b\": a lowercase RFC 1123 label must consist of l…"]),
    ({"spec": {"containers": [{"name": "a"}]}}, ["Required spec.containers[0].image: Required value"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx"}, {"name": "main", "image": "nginx"}]}}, [
        "Duplicate spec.containers[1].name: Duplicate value: \"main\""]),
    ({"spec": {"containers": [{"name": "a" * 64, "image": "nginx"}]}}, [
        "Invalid spec.containers[0].name: Invalid value: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"]),
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
        "Invalid spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"A/B/C\": prefix part a lowerca…"]),
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
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"mountPath": "/x"}]}]}}, [
        "Required spec.containers[0].volumeMounts[0].name: Required value",
        "NotFound spec.containers[0].volumeMounts[0].name: Not found: \"\""]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "none", "mountPath": "/x"}]}]}}, [
        "NotFound spec.containers[0].volumeMounts[0].name: Not found: \"none\""]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v"}]}]}}, [
        "Required spec.containers[0].volumeMounts[0].mountPath: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x"}, {"name": "v", "mountPath": "/x"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/x\": must be unique"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "/a"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts.subPath: Invalid value: \"/a\": must be a relative path"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "a/../b"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts.subPath: Invalid value: \"a/../b\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "a", "subPathExpr": "b"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"b\": subPathExpr and subPath…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPathExpr": "../b"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"../b\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "mountPropagation": "Up"}]}]}}, [
        "NotSupported spec.containers[0].volumeMounts.mountPropagation: Unsupported value: \"Up\": supported v…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "mountPropagation": "Bidirectional"}]}]}}, [
        "Forbidden spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagatio…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "recursiveReadOnly": "Enabled"}]}]}}, [
        "Forbidden spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when re…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "recursiveReadOnly": "Often"}]}]}}, [
        "NotSupported spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: \"Often\": support…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "recursiveReadOnly": "Enabled", "readOnly": True,
        "mountPropagation": "HostToContainer"}]}]}}, [
        "Forbidden spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mo…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeDevices": [{"name": "v", "devicePath": "/d"}]}]}}, [
        "Invalid spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": can only use volume source ty…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "volumeDevices": [{"name": "none",
        "devicePath": "/d"}]}]}}, ["NotFound spec.containers[0].volumeDevices[0].name: Not found: \"none\""]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{
        "name": "main", "image": "nginx", "volumeDevices": [{"name": "v"}]}]}}, [
        "Required spec.containers[0].volumeDevices[0].devicePath: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{
        "name": "main", "image": "nginx", "volumeDevices": [{"name": "v", "devicePath": "/a/../b"}]}]}}, [
        "Invalid spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/a/../b\": can not contain b…"]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{
        "name": "main", "image": "nginx", "volumeDevices": [{"devicePath": "/a"}]}]}}, [
        "Required spec.containers[0].volumeDevices[0].name: Required value",
        "NotFound spec.containers[0].volumeDevices[0].name: Not found: \"\""]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{
        "name": "main", "image": "nginx", "volumeDevices": [{"name": "v", "devicePath": "/x"}], "volumeMounts": [{
        "name": "v", "mountPath": "/x"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts[0].name: Invalid value: \"v\": must not already exist in volu…",
        "Invalid spec.containers[0].volumeMounts[0].mountPath: Invalid value: \"/x\": must not already exist a…",
        "Invalid spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": must not already exist in vol…",
        "Invalid spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/x\": must not already exist…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "cpu": "-1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be greater than or equa…",
        "Invalid spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or eq…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {"cpu": "2"}, "limits": {
        "cpu": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cp…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "foo": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[foo]: Invalid value: \"foo\": must be a standard resource…",
        "Invalid spec.containers[0].resources.limits[foo]: Invalid value: \"foo\": must be a standard resource…",
        "Invalid spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resour…",
        "Invalid spec.containers[0].resources.requests[foo]: Invalid value: \"foo\": must be a standard resour…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "pods": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[pods]: Invalid value: \"pods\": must be a standard resour…",
        "Invalid spec.containers[0].resources.requests[pods]: Invalid value: \"pods\": must be a standard reso…"]),
    ({"spec": {"containers": [{"name": "main", "image": "nginx", "resources": {"requests": {}, "limits": {
        "a b": "1"}}}]}}, [
        "Invalid spec.containers[0].resources.limits[a b]: Invalid value: \"a b\": name part must consist of a…",
        "Invalid spec.containers[0].resources.limits[a b]: Invalid value: \"a b\": must be a standard resource…",
        "Invalid spec.containers[0].resources.requests[a b]: Invalid value: \"a b\": name part must consist of…",
        "Invalid spec.containers[0].resources.requests[a b]: Invalid value: \"a b\": must be a standard resour…"]),
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
        "Invalid spec.containers[0].resources.limits[requests.example.com/x]: Invalid value: \"requests.exampl…",
        "Invalid spec.containers[0].resources.requests[requests.example.com/x]: Invalid value: \"requests.exam…"]),
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
    ({"spec": {"volumes": [{"name": "A"}]}}, [
        "Invalid spec.volumes[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower …"]),
    ({"spec": {"volumes": [{"emptyDir": {}}]}}, ["Required spec.volumes[0].name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]}}, [
        "Duplicate spec.volumes[1].name: Duplicate value: \"v\""]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]}}, [
        "Forbidden spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "-1"}}]}}, [
        "Forbidden spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource qua…"]),
    ({"spec": {"volumes": [{"name": "v", "hostPath": {}}]}}, [
        "Required spec.volumes[0].hostPath.path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/a/../b"}}]}}, [
        "Invalid spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "Pipe"}}]}}, [
        "NotSupported spec.volumes[0].hostPath.type: Unsupported value: \"Pipe\": supported values: \"\", \"Bl…"]),
    ({"spec": {"volumes": [{"name": "v", "secret": {}}]}}, [
        "Required spec.volumes[0].secret.secretName: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 512}}]}}, [
        "Invalid spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (…"]),
    ({"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"path": "x"}]}}]}}, [
        "Required spec.volumes[0].secret.items[0].key: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "k"}]}}]}}, [
        "Required spec.volumes[0].secret.items[0].path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {}}]}}, [
        "Required spec.volumes[0].configMap.name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "/x"}]}}]}}, [
        "Invalid spec.volumes[0].configMap.items[0].path: Invalid value: \"/x\": must be a relative path"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "..x"}]}}]}}, [
        "Invalid spec.volumes[0].configMap.items[0].path: Invalid value: \"..x\": must not start with '..'"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "x",
        "mode": -1}]}}]}}, [
        "Invalid spec.volumes[0].configMap.items[0].mode: Invalid value: -1: must be a number between 0 and 07…"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": -1}}]}}, [
        "Invalid spec.volumes[0].configMap.defaultMode: Invalid value: -1: must be a number between 0 and 0777…"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"defaultMode": 512}}]}}, [
        "Invalid spec.volumes[0].downwardAPI.defaultMode: Invalid value: 512: must be a number between 0 and 0…"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x"}]}}]}}, [
        "Required spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
        ["Required spec.volumes[0].downwardAPI.path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "../x", "fieldRef": {
        "fieldPath": "metadata.name"}}]}}]}}, [
        "Invalid spec.volumes[0].downwardAPI.path: Invalid value: \"../x\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x", "fieldRef": {
        "fieldPath": "spec.nodeName"}}]}}]}}, [
        "NotSupported spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": su…"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x", "resourceFieldRef": {
        "resource": "limits.cpu"}}]}}]}}, [
        "Required spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x", "mode": 512, "fieldRef": {
        "fieldPath": "metadata.name"}}]}}]}}, [
        "Invalid spec.volumes[0].downwardAPI.mode: Invalid value: 512: must be a number between 0 and 0777 (oc…"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x", "fieldRef": {
        "fieldPath": "metadata.name"}, "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu"}}]}}]}},
        ["Invalid spec.volumes[0].downwardAPI: Invalid value: \"resource\": fieldRef and resourceFieldRef can n…"]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {}}]}}, [
        "Required spec.volumes[0].persistentVolumeClaim.claimName: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "nfs": {}}]}}, ["Required spec.volumes[0].nfs.server: Required value",
        "Required spec.volumes[0].nfs.path: Required value",
        "Invalid spec.volumes[0].nfs.path: Invalid value: \"\": must be an absolute path"]),
    ({"spec": {"volumes": [{"name": "v", "nfs": {"server": "s", "path": "x"}}]}}, [
        "Invalid spec.volumes[0].nfs.path: Invalid value: \"x\": must be an absolute path"]),
    ({"spec": {"volumes": [{"name": "v", "gitRepo": {}}]}}, [
        "Required spec.volumes[0].gitRepo.repository: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "gitRepo": {"repository": "r", "directory": "../x"}}]}}, [
        "Invalid spec.volumes[0].gitRepo.directory: Invalid value: \"../x\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "csi": {"driver": ""}}]}}, [
        "Required spec.volumes[0].csi.driver: Required value",
        "Invalid spec.volumes[0].csi.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …"]),
    ({"spec": {"volumes": [{"name": "v", "csi": {"driver": "A_b"}}]}}, [
        "Invalid spec.volumes[0].csi.driver: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consi…"]),
    ({"spec": {"volumes": [{"name": "v", "csi": {"driver": "a.b", "nodePublishSecretRef": {}}}]}}, [
        "Required spec.volumes[0].csi.nodePublishSecretRef.name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "ephemeral": {}}]}}, [
        "Required spec.volumes[0].ephemeral.volumeClaimTemplate: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "image": {"reference": "x", "pullPolicy": "Often"}}]}}, [
        "NotSupported spec.volumes[0].image.pullPolicy: Unsupported value: \"Often\": supported values: \"Alwa…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"defaultMode": 512}}]}}, [
        "Invalid spec.volumes[0].projected.defaultMode: Invalid value: 512: must be a number between 0 and 077…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {}}]}}]}}, [
        "Required spec.volumes[0].projected.sources[0].secret.name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {}}]}}]}}, [
        "Required spec.volumes[0].projected.sources[0].configMap.name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "k",
        "path": "../x"}]}}]}}]}}, [
        "Invalid spec.volumes[0].projected.sources[0].secret.items[0].path: Invalid value: \"../x\": must not …"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "x",
        "expirationSeconds": 1}}]}}]}}, [
        "Invalid spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1:…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "x",
        "expirationSeconds": 8589934592}}]}}]}}, [
        "Invalid spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 85…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {}}]}}]}}, [
        "Required spec.volumes[0].projected.path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "/x"}}]}}]}}, [
        "Invalid spec.volumes[0].projected.path: Invalid value: \"/x\": must be a relative path"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}, "configMap": {
        "name": "c"}}]}}]}}, [
        "Forbidden spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type pe…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "k",
        "path": "x"}]}}, {"configMap": {"name": "c", "items": [{"key": "k", "path": "x"}]}}]}}]}}, [
        "Invalid spec.volumes[0].projected: Invalid value: \"c\": conflicting duplicate paths"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [{"path": "x",
        "fieldRef": {"fieldPath": "metadata.name"}}]}}, {"downwardAPI": {"items": [{"path": "x", "fieldRef": {
        "fieldPath": "metadata.uid"}}]}}]}}]}}, [
        "Invalid spec.volumes[0].projected: Invalid value: \"x\": conflicting duplicate paths"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [{"path": "x"}]}}]}}]}},
        ["Required spec.volumes[0].projected.sources[0].downwardAPI: Required value: one of fieldRef and resour…"]),
    ({"spec": {"restartPolicy": "Maybe"}}, [
        "NotSupported spec.restartPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", \"OnFail…"]),
    ({"spec": {"dnsPolicy": "Some"}}, [
        "NotSupported spec.dnsPolicy: Unsupported value: \"Some\": supported values: \"ClusterFirstWithHostNet…"]),
    ({"spec": {"dnsPolicy": "None"}}, [
        "Required spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
    ({"spec": {"dnsPolicy": "None", "dnsConfig": {"searches": ["x"]}}}, [
        "Required spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `d…"]),
    ({"spec": {"dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1"]}}}, [
        "Invalid spec.dnsConfig.nameservers: Invalid value: [\"1.1.1.1\",\"1.1.1.1\",\"1.1.1.1\",\"1.1.1.1\"]:…"]),
    ({"spec": {"dnsConfig": {"nameservers": ["one"]}}}, [
        "Invalid spec.dnsConfig.nameservers[0]: Invalid value: \"one\": must be a valid IP address, (e.g. 10.9…"]),
    ({"spec": {"dnsConfig": {"searches": ["a"] * 33}}}, [
        "Invalid spec.dnsConfig.searches: Invalid value: [\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a…"]),
    ({"spec": {"dnsConfig": {"searches": ["A b"]}}}, [
        "Invalid spec.dnsConfig.searches[0]: Invalid value: \"A b\": a lowercase RFC 1123 subdomain must consi…"]),
    ({"spec": {"dnsConfig": {"options": [{"value": "x"}]}}}, [
        "Required spec.dnsConfig.options[0]: Required value: must not be empty"]),
    ({"spec": {"nodeSelector": {"a b": "c"}}}, [
        "Invalid spec.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters,…"]),
    ({"spec": {"nodeSelector": {"a": "b c"}}}, [
        "Invalid spec.nodeSelector: Invalid value: \"b c\": a valid label must be an empty string or consist o…"]),
    ({"spec": {"securityContext": {"fsGroup": -1}}}, [
        "Invalid spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive"]),
    ({"spec": {"securityContext": {"runAsUser": -1}}}, [
        "Invalid spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"]),
    ({"spec": {"securityContext": {"runAsGroup": -1}}}, [
        "Invalid spec.securityContext.runAsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusi…"]),
    ({"spec": {"securityContext": {"supplementalGroups": [-1]}}}, [
        "Invalid spec.securityContext.supplementalGroups[0]: Invalid value: -1: must be between 0 and 21474836…"]),
    ({"spec": {"hostPID": True, "shareProcessNamespace": True}}, [
        "Invalid spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and Ho…"]),
    ({"spec": {"securityContext": {"sysctls": [{"name": "foo-", "value": "1"}]}}}, [
        "Invalid spec.securityContext.sysctls[0].name: Invalid value: \"foo-\": must have at most 253 characte…"]),
    ({"spec": {"securityContext": {"sysctls": [{"name": "bar..", "value": "1"}]}}}, [
        "Invalid spec.securityContext.sysctls[0].name: Invalid value: \"bar..\": must have at most 253 charact…"]),
    ({"spec": {"securityContext": {"sysctls": [{"name": "", "value": "1"}]}}}, [
        "Required spec.securityContext.sysctls[0].name: Required value"]),
    ({"spec": {"securityContext": {"sysctls": [{"name": "kernel.sem", "value": "1"}, {"name": "kernel.sem",
        "value": "1"}]}}}, ["Duplicate spec.securityContext.sysctls[1].name: Duplicate value: \"kernel.sem\""]),
    ({"spec": {"securityContext": {"fsGroupChangePolicy": "Often"}}}, [
        "NotSupported spec.securityContext.fsGroupChangePolicy: Unsupported value: \"Often\": supported values…"]),
    ({"spec": {"securityContext": {"seccompProfile": {"type": "Wild"}}}}, [
        "NotSupported spec.securityContext.seccompProfile.type: Unsupported value: \"Wild\": supported values:…"]),
    ({"spec": {"securityContext": {"supplementalGroupsPolicy": "Some"}}}, [
        "NotSupported spec.securityContext.supplementalGroupsPolicy: Unsupported value: \"Some\": supported va…"]),
    ({"spec": {"securityContext": {"seLinuxChangePolicy": "Some"}}}, [
        "NotSupported spec.securityContext.seLinuxChangePolicy: Unsupported value: \"Some\": supported values:…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        ]}}}}}, [
        "Required spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms:…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "k", "operator": "Like", "values": ["v"]}]}]}}}}}, [
        "Invalid spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "k", "operator": "In", "values": []}]}]}}}}}, [
        "Required spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "k", "operator": "Exists", "values": ["v"]}]}]}}}}}, [
        "Forbidden spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "k", "operator": "Gt", "values": ["1", "2"]}]}]}}}}}, [
        "Required spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "a b", "operator": "In", "values": ["v"]}]}]}}}}}, [
        "Invalid spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "k", "operator": "In", "values": ["a b"]}]}]}}}}}, [
        "Invalid spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.namespace", "operator": "In", "values": ["x"]}]}]}}}}}, [
        "Invalid spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "Exists"}]}]}}}}}, [
        "Invalid spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a", "b"]}]}]}}}}}, [
        "Required spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["A b"]}]}]}}}}}, [
        "Invalid spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0,
        "preference": {}}]}}}}, [
        "Invalid spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid…"]),
    ({"spec": {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1,
        "preference": {"matchExpressions": [{"key": "k", "operator": "Like"}]}}]}}}}, [
        "Invalid spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matc…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
        "topologyKey": ""}]}}}}, [
        "Required spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Req…",
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Inva…",
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Inva…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
        "topologyKey": "a b"}]}}}}, [
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Inva…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone",
        "namespaces": ["A"]}]}}}}, [
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespace: Invali…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone",
        "labelSelector": {"matchLabels": {"a": "b c"}}}]}}}}, [
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.mat…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone",
        "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}]}}}}, [
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.mat…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone",
        "namespaceSelector": {"matchLabels": {"a b": "c"}}}]}}}}, [
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespaceSelector…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone",
        "matchLabelKeys": ["x"]}]}}}}, [
        "Forbidden spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys:…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone",
        "mismatchLabelKeys": ["a b"], "labelSelector": {}}]}}}}, [
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].mismatchLabelKeys…"]),
    ({"spec": {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone",
        "matchLabelKeys": ["x"], "mismatchLabelKeys": ["x"], "labelSelector": {}}]}}}}, [
        "Invalid spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[0]…"]),
    ({"spec": {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 101,
        "podAffinityTerm": {"topologyKey": "x"}}]}}}}, [
        "Invalid spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Inva…"]),
    ({"spec": {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}}}, [
        "Required spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey:…",
        "Invalid spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: …",
        "Invalid spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: …"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule"}]}}, [
        "Invalid spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "",
        "whenUnsatisfiable": "DoNotSchedule"}]}}, [
        "Required spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "Never"}]}}, [
        "NotSupported spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Never\": suppo…"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "minDomains": 0}]}}, [
        "Invalid spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 1}]}}, [
        "Invalid spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if wh…"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "nodeAffinityPolicy": "Some"}]}}, [
        "NotSupported spec.topologySpreadConstraints[0].nodeAffinityPolicy: Unsupported value: \"Some\": suppo…"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "nodeTaintsPolicy": "Some"}]}}, [
        "NotSupported spec.topologySpreadConstraints[0].nodeTaintsPolicy: Unsupported value: \"Some\": support…"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": ["x"]}]}}, [
        "Forbidden spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when lab…"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": ["a"], "labelSelector": {"matchLabels": {
        "a": "b"}}}]}}, [
        "Invalid spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: \"a\": exists in both mat…"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": ["a b"], "labelSelector": {}}]}}, [
        "Invalid spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: \"a b\": name part must c…"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "b c"}}}]}}, [
        "Invalid spec.topologySpreadConstraints[0].labelSelector.matchLabels: Invalid value: \"b c\": a valid …"]),
    ({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule"}, {"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule"}]}}, [
        "Duplicate spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{zon…"]),
    ({"spec": {"readinessGates": [{"conditionType": "a b"}]}}, [
        "Invalid spec.readinessGates[0].conditionType: Invalid value: \"a b\": name part must consist of alpha…"]),
    ({"spec": {"readinessGates": [{"conditionType": ""}]}}, [
        "Invalid spec.readinessGates[0].conditionType: Invalid value: \"\": name part must be non-empty",
        "Invalid spec.readinessGates[0].conditionType: Invalid value: \"\": name part must consist of alphanum…"]),
    ({"spec": {"schedulingGates": [{"name": "a b"}]}}, [
        "Invalid spec.schedulingGates[0]: Invalid value: \"a b\": name part must consist of alphanumeric chara…"]),
    ({"spec": {"schedulingGates": [{"name": "a"}, {"name": "a"}]}}, [
        "Duplicate spec.schedulingGates[1]: Duplicate value: \"a\""]),
    ({"spec": {"schedulingGates": [{}]}}, [
        "Invalid spec.schedulingGates[0]: Invalid value: \"\": name part must be non-empty",
        "Invalid spec.schedulingGates[0]: Invalid value: \"\": name part must consist of alphanumeric characte…"]),
    ({"spec": {"hostUsers": False, "hostNetwork": True}}, [
        "Forbidden spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false"]),
    ({"spec": {"hostUsers": False, "hostPID": True}}, [
        "Forbidden spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false"]),
    ({"spec": {"hostUsers": False, "hostIPC": True}}, [
        "Forbidden spec.HostIPC: Forbidden: when `pod.Spec.HostUsers` is false"]),
    ({"spec": {"resourceClaims": [{"name": "A", "resourceClaimName": "x"}]}}, [
        "Invalid spec.resourceClaims[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of…"]),
    ({"spec": {"resourceClaims": [{"name": "a"}]}}, [
        "Invalid spec.resourceClaims[0]: Invalid value: {\"name\":\"a\"}: must specify one of: `resourceClaimN…"]),
    ({"spec": {"resourceClaims": [{"name": "a", "resourceClaimName": "x", "resourceClaimTemplateName": "y"}]}}, [
        "Invalid spec.resourceClaims[0]: Invalid value: {\"name\":\"a\",\"resourceClaimName\":\"x\",\"resource…"]),
    ({"spec": {"resourceClaims": [{"name": "a", "resourceClaimName": "X"}]}}, [
        "Invalid spec.resourceClaims[0].resourceClaimName: Invalid value: \"X\": a lowercase RFC 1123 subdomai…"]),
    ({"spec": {"resourceClaims": [{"resourceClaimName": "x"}]}}, [
        "Required spec.resourceClaims[0].name: Required value"]),
    ({"spec": {"resourceClaims": [{"name": "a", "resourceClaimName": "x"}, {"name": "a", "resourceClaimName": "x"}]}},
        ["Duplicate spec.resourceClaims[1].name: Duplicate value: \"a\""]),
    ({"spec": {"resourceClaims": [{"name": "a", "resourceClaimTemplateName": "X"}]}}, [
        "Invalid spec.resourceClaims[0].resourceClaimTemplateName: Invalid value: \"X\": a lowercase RFC 1123 …"]),
    ({"spec": {"serviceAccountName": "A"}}, [
        "Invalid spec.serviceAccountName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of…"]),
    ({"spec": {"nodeName": "A b"}}, [
        "Invalid spec.nodeName: Invalid value: \"A b\": a lowercase RFC 1123 subdomain must consist of lower c…"]),
    ({"spec": {"activeDeadlineSeconds": 0}}, [
        "Invalid spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"]),
    ({"spec": {"hostname": "a.b"}}, [
        "Invalid spec.hostname: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of lower case …"]),
    ({"spec": {"subdomain": "A"}}, [
        "Invalid spec.subdomain: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case a…"]),
    ({"spec": {"tolerations": [{"operator": "Equal", "value": "x"}]}}, [
        "Invalid spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is…"]),
    ({"spec": {"tolerations": [{"key": "a b", "operator": "Exists"}]}}, [
        "Invalid spec.tolerations[0].key: Invalid value: \"a b\": name part must consist of alphanumeric chara…"]),
    ({"spec": {"tolerations": [{"key": "a", "operator": "Like"}]}}, [
        "NotSupported spec.tolerations[0].operator: Unsupported value: \"Like\": supported values: \"Equal\", …"]),
    ({"spec": {"tolerations": [{"key": "a", "operator": "Exists", "value": "x"}]}}, [
        "Invalid spec.tolerations[0].operator: Invalid value: \"x\": value must be empty when `operator` is 'E…"]),
    ({"spec": {"tolerations": [{"key": "a", "value": "x y"}]}}, [
        "Invalid spec.tolerations[0].operator: Invalid value: \"x y\": a valid label must be an empty string o…"]),
    ({"spec": {"tolerations": [{"key": "a", "effect": "Some"}]}}, [
        "NotSupported spec.tolerations[0].effect: Unsupported value: \"Some\": supported values: \"NoSchedule…"]),
    ({"spec": {"tolerations": [{"key": "a", "tolerationSeconds": 1, "effect": "NoSchedule"}]}}, [
        "Invalid spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `t…"]),
    ({"spec": {"hostAliases": [{"ip": "1.2.3.4\n5.6.7.8 x"}]}}, [
        "Invalid spec.hostAliases[0].ip: Invalid value: \"1.2.3.4\\n5.6.7.8 x\": must be a valid IP address, (…"]),
    ({"spec": {"hostAliases": [{"ip": "one"}]}}, [
        "Invalid spec.hostAliases[0].ip: Invalid value: \"one\": must be a valid IP address, (e.g. 10.9.8.7 or…"]),
    ({"spec": {"hostAliases": [{"ip": "1.2.3.4", "hostnames": ["A b"]}]}}, [
        "Invalid spec.hostAliases[0].hostnames[0]: Invalid value: \"A b\": a lowercase RFC 1123 subdomain must…"]),
    ({"spec": {"priorityClassName": "A"}}, [
        "Invalid spec.priorityClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of …"]),
    ({"spec": {"runtimeClassName": "A"}}, [
        "Invalid spec.runtimeClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of l…"]),
    ({"spec": {"preemptionPolicy": "Some"}}, [
        "NotSupported spec.preemptionPolicy: Unsupported value: \"Some\": supported values: \"PreemptLowerPrio…"]),
    ({"spec": {"overhead": {"foo": "1"}}}, [
        "Invalid spec.overhead.limits[foo]: Invalid value: \"foo\": must be a standard resource type or fully …",
        "Invalid spec.overhead.limits[foo]: Invalid value: \"foo\": must be a standard resource for containers"]),
    ({"spec": {"overhead": {"cpu": "-1"}}}, [
        "Invalid spec.overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"]),
    ({"spec": {"os": {}}}, ["Required spec.os.name: Required value: cannot be empty"]),
    ({"spec": {"os": {"name": "beos"}}}, [
        "NotSupported spec.os: Unsupported value: \"beos\": supported values: \"linux\", \"windows\""]),
    ({"spec": {"os": {"name": "windows"}, "securityContext": {"runAsUser": 1}}}, [
        "Forbidden spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"os": {"name": "windows"}, "hostPID": True}}, [
        "Forbidden spec.hostPID: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"os": {"name": "windows"}, "containers": [{"name": "main", "image": "nginx", "securityContext": {
        "privileged": False}}]}}, [
        "Forbidden spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"os": {"name": "linux"}, "securityContext": {"windowsOptions": {}}}}, [
        "Forbidden spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux p…"]),
    ({"spec": {"os": {"name": "linux"}, "containers": [{"name": "main", "image": "nginx", "securityContext": {
        "windowsOptions": {}}}]}}, [
        "Forbidden spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set…"]),
    ({"spec": {"os": {"name": "windows"}, "shareProcessNamespace": True}}, [
        "Forbidden spec.shareProcessNamespace: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"containers": [{"name": "main", "image": " x"}]}}, [
        "Invalid spec.containers[0].image: Invalid value: \" x\": must not have leading or trailing whitespace"]),
    ({"spec": {"initContainers": [{"name": "i", "image": "x "}]}}, [
        "Invalid spec.initContainers[0].image: Invalid value: \"x \": must not have leading or trailing whites…"]),
    ({"spec": {"schedulingGates": [{"name": "a"}], "nodeName": "n"}}, [
        "Forbidden spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"]),
    ({"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "x"}}}, [
        "Invalid metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"x\": must …"]),
    ({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}}, [
        "Invalid metadata.annotations[kubernetes.io/config.mirror]: Invalid value: \"x\": must set spec.nodeNa…"]),
    ({"metadata": {"labels": {"a b": "c"}}}, [
        "Invalid metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '…"]),
    ({"metadata": {"name": "A_B"}}, [
        "Invalid metadata.name: Invalid value: \"A_B\": a lowercase RFC 1123 subdomain must consist of lower c…"]),
    ({"metadata": {"annotations": {"a b": "c"}}}, [
        "Invalid metadata.annotations: Invalid value: \"a b\": name part must consist of alphanumeric characte…"]),
    ({"metadata": {"finalizers": ["foo"]}}, [
        "Invalid metadata.finalizers[0]: Invalid value: \"foo\": name is neither a standard finalizer name nor…"]),
    ({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x"}]}}, [
        "Invalid metadata.ownerReferences.uid: Invalid value: \"\": uid must not be empty"]),
    ({"spec": {"serviceAccountName": "", "volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {
        "path": "x"}}]}}]}}, [
        "Forbidden spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified …"]),
    ({"spec": {"os": {"name": "windows"}, "securityContext": {"appArmorProfile": {"type": "Unconfined"},
        "seLinuxOptions": {}, "seccompProfile": {"type": "Unconfined"}, "fsGroup": 1, "fsGroupChangePolicy": "Always",
        "sysctls": [{"name": "a", "value": "1"}], "runAsGroup": 1, "supplementalGroups": [1],
        "supplementalGroupsPolicy": "Merge", "seLinuxChangePolicy": "Recursive"}}}, [
        "Forbidden spec.securityContext.appArmorProfile: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.seLinuxOptions: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.seccompProfile: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.fsGroupChangePolicy: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.sysctls: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.runAsGroup: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.supplementalGroups: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.supplementalGroupsPolicy: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.securityContext.seLinuxChangePolicy: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"os": {"name": "windows"}, "hostUsers": True, "hostIPC": True}}, [
        "Forbidden spec.hostUsers: Forbidden: cannot be set for a windows pod",
        "Forbidden spec.hostIPC: Forbidden: cannot be set for a windows pod"]),
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
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"path": "x"}}]}}]}}, [
        "Required spec.volumes[0].projected.sources[0].clusterTrustBundle: Required value: either name or sign…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"name": "a"}}]}}]}}, [
        "Required spec.volumes[0].projected.sources[0].clusterTrustBundle.path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"name": "a",
        "path": "/x"}}]}}]}}, [
        "Invalid spec.volumes[0].projected.sources[0].clusterTrustBundle.path: Invalid value: \"/x\": must be …"]),
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
    ({"spec": {"dnsConfig": {"searches": [
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.0",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.1",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.2",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.3",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.4",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.5",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.6",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.7",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddd.8"]}}},
        ["Invalid spec.dnsConfig.searches: Invalid value: [\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"nodeName": "n"}}, [
        "Forbidden spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`s…"]),
    ({}, {"spec": {"containers": [{"name": "main", "image": "nginx"}, {"name": "b", "image": "x"}]}}, [
        "Forbidden spec.containers: Forbidden: pod updates may not add or remove containers"]),
    ({}, {"spec": {"containers": [{"name": "main", "image": ""}]}}, [
        "Required spec.containers[0].image: Required value"]),
    ({}, {"spec": {"containers": [{"name": "main", "image": " x"}]}}, [
        "Invalid spec.containers[0].image: Invalid value: \" x\": must not have leading or trailing whitespace"]),
    ({}, {"spec": {"containers": [{"name": "main", "image": "nginx", "command": ["x"]}]}}, [
        "Forbidden spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`s…"]),
    ({}, {"spec": {"activeDeadlineSeconds": 5}}, []),
    ({"spec": {"activeDeadlineSeconds": 5}}, {"spec": {"activeDeadlineSeconds": 6}}, [
        "Invalid spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"]),
    ({"spec": {"activeDeadlineSeconds": 5}}, {"spec": {"activeDeadlineSeconds": None}}, [
        "Invalid spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to n…"]),
    ({"spec": {"activeDeadlineSeconds": 5}}, {"spec": {"activeDeadlineSeconds": 4}}, []),
    ({"spec": {"tolerations": [{"key": "a", "operator": "Exists"}]}}, {"spec": {"tolerations": []}}, [
        "Forbidden spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationS…"]),
    ({"spec": {"tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}]}}, {
        "spec": {"tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 6}]}},
        []),
    ({}, {"spec": {"schedulingGates": [{"name": "a"}]}}, [
        "Forbidden spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling…"]),
    ({"spec": {"schedulingGates": [{"name": "a"}]}}, {"spec": {"schedulingGates": []}}, []),
    ({"spec": {"schedulingGates": [{"name": "a"}]}}, {"spec": {"nodeSelector": {"a": "b"}}}, []),
    ({"spec": {"schedulingGates": [{"name": "a"}], "nodeSelector": {"a": "b"}}}, {"spec": {"nodeSelector": {
        "a": "c"}}}, [
        "Invalid spec.nodeSelector: Invalid value: {\"a\":\"c\"}: only additions to spec.nodeSelector are allo…"]),
    ({}, {"spec": {"nodeSelector": {"a": "b"}}}, [
        "Forbidden spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`s…"]),
    ({}, {"spec": {"terminationGracePeriodSeconds": 1}}, [
        "Forbidden spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`s…"]),
    ({}, {"spec": {"containers": [{"name": "main", "image": "other"}]}}, []),
    ({}, {"spec": {"initContainers": [{"name": "i", "image": "x"}]}}, [
        "Forbidden spec.initContainers: Forbidden: pod updates may not add or remove containers"]),
    ({}, {"metadata": {"labels": {"a b": "c"}}}, [
        "Invalid metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '…"]),
    ({}, {"spec": {"hostname": "x"}}, [
        "Forbidden spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`s…"]),
]
# fmt: on
