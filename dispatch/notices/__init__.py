"""Ways for a notice to reach people (通知): one file each, named in one map."""
