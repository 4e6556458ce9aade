"""The roles and bindings that every cluster begins with.

Decides which there are and brings the stored ones up to date at the start. Does not decide what a role allows; that is
`access.rbac`. Only `first` calls it. The tables `users`, `controllers` and `namespaces` are
Kubernetes 1.33's own policy.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
"""
