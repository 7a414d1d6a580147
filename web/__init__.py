"""Routers and pages (网页与接口): what comes over HTTP, handed to the desk."""
