"""What is refused of Pod: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": {"serviceAccountName": "default",
    "containers": [{"name": "main", "image": "nginx"}]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"containers": [{"name": "a" * 64, "image": "nginx"}]}}, [
        "Invalid spec.containers[0].name: Invalid value: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"]),
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
        "Invalid spec.hostname: Invalid value: \"a.b\": must not contain dots"]),
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
        "Invalid spec.overhead.limits[foo]: Invalid value: foo: must be a standard resource type or fully …",
        "Invalid spec.overhead.limits[foo]: Invalid value: foo: must be a standard resource for containers"]),
    ({"spec": {"overhead": {"cpu": "-1"}}}, [
        "Invalid spec.overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"]),
    ({"spec": {"os": {}}}, ["Required spec.os.name: Required value: cannot be empty"]),
    ({"spec": {"os": {"name": "beos"}}}, [
        "NotSupported spec.os: Unsupported value: \"beos\": supported values: \"linux\", \"windows\""]),
    ({"spec": {"os": {"name": "windows"}, "securityContext": {"runAsUser": 1}}}, [
        "Forbidden spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"os": {"name": "windows"}, "hostPID": True}}, [
        "Forbidden spec.hostPID: Forbidden: cannot be set for a windows pod"]),
    ({"spec": {"os": {"name": "linux"}, "securityContext": {"windowsOptions": {}}}}, [
        "Forbidden spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux p…"]),
    ({"spec": {"os": {"name": "windows"}, "shareProcessNamespace": True}}, [
        "Forbidden spec.shareProcessNamespace: Forbidden: cannot be set for a windows pod"]),
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
