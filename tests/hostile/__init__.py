"""Twenty hostile pods beside a good one: do its latency, their limits and the machine hold? `make test-hostile`."""
