"""The desk (派单台): reads facts, asks a rule, writes what happened, and tells the queue after the commit."""
