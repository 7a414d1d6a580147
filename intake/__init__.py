"""A message of any channel in, one Request out (受理入口); pure."""
