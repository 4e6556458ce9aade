"""rbac.authorization.k8s.io: who may do what (https://kubernetes.io/docs/reference/access-authn-authz/rbac/)."""
