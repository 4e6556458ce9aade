"""What is refused of Job: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": {"template": {"spec": {
    "restartPolicy": "Never", "containers": [{"name": "main", "image": "nginx"}]}}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"parallelism": -1}}, [
        "Invalid spec.parallelism: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"completions": -1}}, [
        "Invalid spec.completions: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"activeDeadlineSeconds": -1}}, [
        "Invalid spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"backoffLimit": -1}}, [
        "Invalid spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"ttlSecondsAfterFinished": -1}}, [
        "Invalid spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"backoffLimitPerIndex": -1, "completionMode": "Indexed", "completions": 3}}, [
        "Invalid spec.backoffLimitPerIndex: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"backoffLimitPerIndex": 1}}, [
        "Invalid spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
    ({"spec": {"maxFailedIndexes": 1, "completionMode": "Indexed", "completions": 3}}, [
        "Required spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"]),
    ({"spec": {"maxFailedIndexes": -1, "backoffLimitPerIndex": 1, "completionMode": "Indexed", "completions": 3}}, [
        "Invalid spec.maxFailedIndexes: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"maxFailedIndexes": 4, "backoffLimitPerIndex": 1, "completionMode": "Indexed", "completions": 3}}, [
        "Invalid spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions"]),
    ({"spec": {"maxFailedIndexes": 1}}, [
        "Required spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        "Invalid spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode"]),
    ({"spec": {"managedBy": "me"}}, [
        "Invalid spec.managedBy: Invalid value: \"me\": must be a domain-prefixed path (such as \"acme.io/foo…"]),
    ({"spec": {"managedBy": "a.b/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}, [
        "TooLong spec.managedBy: Too long: may not be more than 63 bytes"]),
    ({"spec": {"managedBy": "A.b/x"}}, [
        "Invalid spec.managedBy: Invalid value: \"A.b/x\": a lowercase RFC 1123 subdomain must consist of lowe…"]),
    ({"spec": {"completionMode": "Some"}}, [
        "NotSupported spec.completionMode: Unsupported value: \"Some\": supported values: \"NonIndexed\", \"In…"]),
    ({"spec": {"parallelism": 200000, "completionMode": "Indexed", "completions": 3}}, [
        "Invalid spec.parallelism: Invalid value: 200000: must be less than or equal to 100000 when completion…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 200000, "backoffLimitPerIndex": 1}}, [
        "Required spec.maxFailedIndexes: Required value: must be specified when completions is above 100000"]),
    ({"spec": {"completionMode": "Indexed", "completions": 200000, "backoffLimitPerIndex": 1,
        "maxFailedIndexes": 20000, "parallelism": 20000}}, [
        "Invalid spec.parallelism: Invalid value: 20000: must be less than or equal to 10000 when completions …",
        "Invalid spec.maxFailedIndexes: Invalid value: 20000: must be less than or equal to 10000 when complet…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 200000, "maxFailedIndexes": 150000,
        "backoffLimitPerIndex": 1}}, [
        "Invalid spec.maxFailedIndexes: Invalid value: 150000: must be less than or equal to 100000",
        "Invalid spec.maxFailedIndexes: Invalid value: 150000: must be less than or equal to 10000 when comple…"]),
    ({"metadata": {"name": "a" * 62}, "spec": {"completionMode": "Indexed", "completions": 30}}, [
        "Invalid metadata.name: Invalid value: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"]),
    ({"spec": {"podReplacementPolicy": "Some"}}, [
        "NotSupported spec.podReplacementPolicy: Unsupported value: \"Some\": supported values: \"Failed\", \"…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "", "onPodConditions": [{"type": "DisruptionTarget",
        "status": "True"}]}]}}}, [
        "Required spec.podFailurePolicy.rules[0].action: Required value: valid values: [\"Count\" \"FailIndex…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "Some", "onPodConditions": [{"type": "DisruptionTarget",
        "status": "True"}]}]}}}, [
        "NotSupported spec.podFailurePolicy.rules[0].action: Unsupported value: \"Some\": supported values: \"…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailIndex", "onPodConditions": [{"type": "DisruptionTarget",
        "status": "True"}]}]}}}, [
        "Invalid spec.podFailurePolicy.rules[0].action: Invalid value: \"FailIndex\": requires the backoffLimi…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": []}]}}}, [
        "Invalid spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditi…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "a b",
        "status": "True"}]}]}}}, [
        "Invalid spec.podFailurePolicy.rules[0].onPodConditions[0].type: Invalid value: \"a b\": name part mus…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "A",
        "status": "Some"}]}]}}}, [
        "NotSupported spec.podFailurePolicy.rules[0].onPodConditions[0].status: Unsupported value: \"Some\": s…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget",
        "status": "True"}], "onExitCodes": {"operator": "In", "values": [1]}}]}}}, [
        "Invalid spec.podFailurePolicy.rules[0]: Invalid value: specifying both OnExitCodes and OnPodCondition…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "", "values": [
        1]}}]}}}, [
        "Required spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: [\"In\" …"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "Like", "values": [
        1]}}]}}}, [
        "NotSupported spec.podFailurePolicy.rules[0].onExitCodes.operator: Unsupported value: \"Like\": suppor…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [
        ]}}]}}}, [
        "Invalid spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: []: at least one value is r…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [
        0]}}]}}}, [
        "Invalid spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [2,
        1]}}]}}}, [
        "Invalid spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1]: must be ordered"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1,
        1]}}]}}}, ["Duplicate spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Duplicate value: 1"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1],
        "containerName": "none"}}]}}}, [
        "Invalid spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: \"none\": must be on…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "A",
        "status": "True"}]}] * 21}}}, [
        "TooMany spec.podFailurePolicy.rules: Too many: 21: must have at most 20 items"]),
    ({"spec": {"podReplacementPolicy": "TerminatingOrFailed", "podFailurePolicy": {"rules": []}}}, [
        "NotSupported spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported values:…"]),
    ({"spec": {"podFailurePolicy": {"rules": []}, "template": {"spec": {"restartPolicy": "OnFailure"}}}}, [
        "Invalid spec.template.spec.restartPolicy: Invalid value: \"OnFailure\": only \"Never\" is supported w…"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "A",
        "status": "True"}] * 21}]}}}, [
        "TooMany spec.podFailurePolicy.rules[0].onPodConditions: Too many: 21: must have at most 20 items"]),
    ({"spec": {"podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2,
        3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58,
        59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85,
        86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110,
        111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132,
        133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144, 145, 146, 147, 148, 149, 150, 151, 152, 153, 154,
        155, 156, 157, 158, 159, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176,
        177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194, 195, 196, 197, 198,
        199, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215, 216, 217, 218, 219, 220,
        221, 222, 223, 224, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242,
        243, 244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 256]}}]}}}, [
        "TooMany spec.podFailurePolicy.rules[0].onExitCodes.values: Too many: 256: must have at most 255 items"]),
    ({"spec": {"successPolicy": {"rules": [{"succeededCount": 1}]}}}, [
        "Invalid spec.successPolicy: Invalid value: {\"rules\":[{\"succeededCount\":1}]}: requires indexed com…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": []}}}, [
        "Required spec.successPolicy.rules: Required value: at least one rules must be specified when the succ…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{}]}}}, [
        "Required spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededInde…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{"succeededCount": -1}]}}},
        ["Invalid spec.successPolicy.rules[0].succeededCount: Invalid value: -1: must be greater than or equal …"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{"succeededCount": 4}]}}}, [
        "Invalid spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{"succeededIndexes": "0-1",
        "succeededCount": 3}]}}}, [
        "Invalid spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{
        "succeededIndexes": "x"}]}}}, [
        "Invalid spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"x\": error parsing succeededIn…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{
        "succeededIndexes": "3"}]}}}, [
        "Invalid spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"3\": error parsing succeededIn…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{
        "succeededIndexes": "1,0"}]}}}, [
        "Invalid spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"1,0\": error parsing succeeded…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{
        "succeededIndexes": "1-0"}]}}}, [
        "Invalid spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"1-0\": error parsing succeeded…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{
        "succeededIndexes": "0-1-2"}]}}}, [
        "Invalid spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"0-1-2\": error parsing succeed…"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "successPolicy": {"rules": [{
        "succeededCount": 1}] * 21}}}, [
        "TooMany spec.successPolicy.rules: Too many: 21: must have at most 20 items"]),
    ({"spec": {"template": {"spec": {"restartPolicy": "Always"}}}}, [
        "Required spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""]),
    ({"spec": {"template": {"spec": {"restartPolicy": None}}}}, [
        "Required spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""]),
    ({"spec": {"template": {"spec": {"restartPolicy": "Some"}}}}, [
        "NotSupported spec.template.spec.restartPolicy: Unsupported value: \"Some\": supported values: \"Alway…",
        "NotSupported spec.template.spec.restartPolicy: Unsupported value: \"Some\": supported values: \"Never…"]),
    ({"spec": {"manualSelector": True}}, ["Required spec.selector: Required value",
        "Invalid spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`"]),
    ({"spec": {"manualSelector": True, "selector": {"matchLabels": {"a": "b"}}}}, [
        "Invalid spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`"]),
    ({"spec": {"template": {"spec": {"containers": []}}}}, [
        "Required spec.template.spec.containers: Required value"]),
    ({"spec": {"manualSelector": True, "selector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}}, [
        "Invalid spec.selector.matchExpressions[0].operator: Invalid value: \"Like\": not a valid selector ope…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"completions": 2}}, ["Invalid spec.completions: Invalid value: 2: field is immutable"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "parallelism": 3}}, {"spec": {"completions": 4}}, [
        "Invalid spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3, "parallelism": 3}}, {"spec": {"completions": 4,
        "parallelism": 4}}, []),
    ({}, {"spec": {"completionMode": "Indexed"}}, [
        "Invalid spec.completionMode: Invalid value: \"Indexed\": field is immutable"]),
    ({}, {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}}, [
        "Invalid spec.template: Invalid value: {\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name…"]),
    ({"spec": {"suspend": True}}, {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}}, []),
    ({"spec": {"suspend": True}}, {"spec": {"template": {"spec": {"hostname": "x"}}}}, [
        "Invalid spec.template: Invalid value: {\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name…"]),
    ({}, {"spec": {"managedBy": "a.b/c"}}, ["Invalid spec.managedBy: Invalid value: \"a.b/c\": field is immutable"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3}}, {"spec": {"backoffLimitPerIndex": 1}}, [
        "Invalid spec.backoffLimitPerIndex: Invalid value: 1: field is immutable"]),
    ({}, {"spec": {"podFailurePolicy": {"rules": []}}}, [
        "NotSupported spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported values:…",
        "Invalid spec.podFailurePolicy: Invalid value: {\"rules\":[]}: field is immutable"]),
    ({"spec": {"completionMode": "Indexed", "completions": 3}}, {"spec": {"successPolicy": {"rules": [{
        "succeededCount": 1}]}}}, [
        "Invalid spec.successPolicy: Invalid value: {\"rules\":[{\"succeededCount\":1}]}: field is immutable"]),
    ({}, {"spec": {"parallelism": 0}}, []),
    ({"spec": {"manualSelector": True, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {
        "a": "b", "c": "d"}}}}}, {"spec": {"selector": {"matchLabels": {"c": "d"}}}}, [
        "Invalid spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}: field is immutable"]),
]
# fmt: on
