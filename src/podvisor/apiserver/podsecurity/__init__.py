"""The Pod Security Standards, as the labels of a namespace ask for them (the plugin PodSecurity).

Decided here: which pods a level allows, in upstream's words (k8s.io/pod-security-admission). `baseline` and
`restricted` are the checks, `levels` reads labels, `plugin` is asked by `admission`.
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""
