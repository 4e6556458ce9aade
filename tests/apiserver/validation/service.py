"""What is refused of Service: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}],
    "selector": {"app": "web"}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"ports": []}}, ["Required spec.ports: Required value"]),
    ({"spec": {"type": "LoadBalancer", "clusterIP": "None"}}, [
        "Invalid spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer servic…",
        "Required spec.clusterIPs: Required value"]),
    ({"spec": {"type": "NodePort", "clusterIP": "None"}}, [
        "Invalid spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
        "Required spec.clusterIPs: Required value"]),
    ({"spec": {"type": "ExternalName"}}, ["Required spec.externalName: Required value"]),
    ({"spec": {"type": "ExternalName", "externalName": "A b"}}, [
        "Invalid spec.externalName: Invalid value: \"A b\": a lowercase RFC 1123 subdomain must consist of low…"]),
    ({"spec": {"type": "ExternalName", "externalName": "a.b", "ipFamilies": ["IPv4"]}}, [
        "Forbidden spec.ipFamilies: Forbidden: may not be set for ExternalName services"]),
    ({"spec": {"type": "ExternalName", "externalName": "a.b", "ipFamilyPolicy": "SingleStack"}}, [
        "Forbidden spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services"]),
    ({"spec": {"ports": [{"port": 80}, {"port": 81, "name": "x"}]}}, ["Required spec.ports[0].name: Required value"]),
    ({"spec": {"ports": [{"port": 0}]}}, [
        "Invalid spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        "Invalid spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"]),
    ({"spec": {"ports": [{"port": 80, "protocol": "ICMP"}]}}, [
        "NotSupported spec.ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\"…"]),
    ({"spec": {"ports": [{"port": 80, "name": "A"}]}}, [
        "Invalid spec.ports[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower ca…"]),
    ({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}}, [
        "Duplicate spec.ports[1].name: Duplicate value: \"a\""]),
    ({"spec": {"ports": [{"port": 80, "targetPort": "UP"}]}}, [
        "Invalid spec.ports[0].targetPort: Invalid value: \"UP\": must contain only alpha-numeric characters (…",
        "Invalid spec.ports[0].targetPort: Invalid value: \"UP\": must contain at least one letter (a-z)"]),
    ({"spec": {"ports": [{"port": 80, "targetPort": 70000}]}}, [
        "Invalid spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive"]),
    ({"spec": {"ports": [{"port": 80, "appProtocol": "a b"}]}}, [
        "Invalid spec.ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric cha…"]),
    ({"spec": {"ports": [{"port": 80, "nodePort": 30000}]}}, [
        "Forbidden spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
    ({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]}}, [
        "Duplicate spec.ports[1]: Duplicate value: {\"port\":80,\"protocol\":\"TCP\"}"]),
    ({"spec": {"type": "NodePort", "ports": [{"port": 80, "name": "a", "nodePort": 30000}, {"port": 81, "name": "b",
        "nodePort": 30000}]}}, ["Duplicate spec.ports[1].nodePort: Duplicate value: 30000"]),
    ({"spec": {"selector": {"a b": "c"}}}, [
        "Invalid spec.selector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-'…"]),
    ({"spec": {"sessionAffinity": "Some"}}, [
        "NotSupported spec.sessionAffinity: Unsupported value: \"Some\": supported values: \"ClientIP\", \"Non…"]),
    ({"spec": {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}}}, [
        "Invalid spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 …"]),
    ({"spec": {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}}}, [
        "Invalid spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater tha…"]),
    ({"spec": {"clusterIP": "one"}}, ["Required spec.clusterIPs: Required value"]),
    ({"spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.2"]}}, [
        "Invalid spec.clusterIPs: Invalid value: [\"10.0.0.2\"]: first value must match `clusterIP`"]),
    ({"spec": {"clusterIPs": ["10.0.0.1", "10.0.0.2"], "clusterIP": "10.0.0.1"}}, [
        "Invalid spec.clusterIPs: Invalid value: [\"10.0.0.1\",\"10.0.0.2\"]: may specify no more than one IP …"]),
    ({"spec": {"clusterIPs": ["None", "10.0.0.1"], "clusterIP": "None"}}, [
        "Invalid spec.clusterIPs: Invalid value: [\"None\",\"10.0.0.1\"]: 'None' must be the first and only va…"]),
    ({"spec": {"clusterIPs": ["10.0.0.1", "::1", "::2"], "clusterIP": "10.0.0.1"}}, [
        "Invalid spec.clusterIPs: Invalid value: [\"10.0.0.1\",\"::1\",\"::2\"]: may only hold up to 2 values"]),
    ({"spec": {"ipFamilies": ["IPv5"]}}, [
        "NotSupported spec.ipFamilies[0]: Unsupported value: \"IPv5\": supported values: \"IPv4\", \"IPv6\""]),
    ({"spec": {"ipFamilies": ["IPv4", "IPv4"]}}, ["Duplicate spec.ipFamilies[1]: Duplicate value: \"IPv4\""]),
    ({"spec": {"ipFamilyPolicy": "Some"}}, [
        "NotSupported spec.ipFamilyPolicy: Unsupported value: \"Some\": supported values: \"PreferDualStack\",…"]),
    ({"spec": {"clusterIP": "10.0.0.1", "ipFamilies": ["IPv6"]}}, ["Required spec.clusterIPs: Required value"]),
    ({"spec": {"externalIPs": ["127.0.0.1"]}}, [
        "Invalid spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.…"]),
    ({"spec": {"externalIPs": ["one"]}}, [
        "Invalid spec.externalIPs[0]: Invalid value: \"one\": must be a valid IP address, (e.g. 10.9.8.7 or 20…"]),
    ({"spec": {"externalIPs": ["0.0.0.0"]}}, [
        "Invalid spec.externalIPs[0]: Invalid value: \"0.0.0.0\": may not be unspecified (0.0.0.0)"]),
    ({"spec": {"externalIPs": ["169.254.1.1"]}}, [
        "Invalid spec.externalIPs[0]: Invalid value: \"169.254.1.1\": may not be in the link-local range (169.…"]),
    ({"spec": {"externalIPs": ["224.0.0.1"]}}, [
        "Invalid spec.externalIPs[0]: Invalid value: \"224.0.0.1\": may not be in the link-local multicast ran…"]),
    ({"spec": {"type": "Some"}}, [
        "NotSupported spec.type: Unsupported value: \"Some\": supported values: \"ClusterIP\", \"ExternalName…"]),
    ({"spec": {"loadBalancerSourceRanges": ["10.0.0.0/8"]}}, [
        "Forbidden spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
    ({"spec": {"loadBalancerSourceRanges": ["one"], "type": "LoadBalancer"}}, [
        "Invalid spec.LoadBalancerSourceRanges[0]: Invalid value: \"one\": must be a valid CIDR value, (e.g. 1…"]),
    ({"spec": {"allocateLoadBalancerNodePorts": True}}, [
        "Forbidden spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalance…"]),
    ({"spec": {"loadBalancerClass": "a/b"}}, [
        "Forbidden spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
    ({"spec": {"externalTrafficPolicy": "Local"}}, [
        "Invalid spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessib…"]),
    ({"spec": {"externalTrafficPolicy": "Some", "type": "NodePort"}}, [
        "NotSupported spec.externalTrafficPolicy: Unsupported value: \"Some\": supported values: \"Cluster\", …"]),
    ({"spec": {"healthCheckNodePort": 30000}}, [
        "Invalid spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer'…"]),
    ({"spec": {"internalTrafficPolicy": "Some"}}, [
        "NotSupported spec.internalTrafficPolicy: Unsupported value: \"Some\": supported values: \"Cluster\", …"]),
    ({"spec": {"trafficDistribution": "Some"}}, [
        "NotSupported spec.trafficDistribution: Unsupported value: \"Some\": supported values: \"PreferClose\""]),
    ({"metadata": {"name": "1a"}}, [
        "Invalid metadata.name: Invalid value: \"1a\": a DNS-1035 label must consist of lower case alphanumeri…"]),
]
CHANGES: list[Change] = [
    ({"spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}}, {"spec": {"clusterIP": "10.0.0.2",
        "clusterIPs": ["10.0.0.2"]}}, [
        "Invalid spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set"]),
    ({"spec": {"ipFamilies": ["IPv4"]}}, {"spec": {"ipFamilies": ["IPv6"]}}, [
        "Invalid spec.ipFamilies[0]: Invalid value: [\"IPv6\"]: may not change once set"]),
    ({}, {"spec": {"externalIPs": ["127.0.0.1"]}}, [
        "Invalid spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.…"]),
    ({"spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}}, {"spec": {"clusterIP": "None", "clusterIPs": [
        "None"]}}, ["Invalid spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set"]),
    ({"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30000}]}}, {"spec": {"type": "ClusterIP"}}, []),
    ({"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30000}]}}, {"spec": {"type": "ExternalName",
        "externalName": "a.b"}}, []),
]
# fmt: on
