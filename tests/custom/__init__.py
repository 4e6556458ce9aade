"""Custom resources that nobody here wrote, and operators for them."""
