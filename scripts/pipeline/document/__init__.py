"""OpenAPI documents as they are: YAML and JSON, their structure, and what is hostile in them."""
