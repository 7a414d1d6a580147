"""The real desk in virtual time (模拟)."""
