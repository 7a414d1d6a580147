"""Every decision of the desk (规则): facts in, decision and reason out, nothing touched."""
