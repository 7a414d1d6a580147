"""The only home of SQL (存储)."""
