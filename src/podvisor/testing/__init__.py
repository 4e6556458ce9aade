"""What users and this project test with: the pytest plugin, test doubles and contract suites.

Decides nothing about production behaviour. May import every room but `cli`. Tests call it.
"""
