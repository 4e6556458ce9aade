"""What pods and pod templates have in common: defaults, rules, and the row in `kubectl get`."""
