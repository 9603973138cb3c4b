"""The only openers of network connections: each fetches from one publisher, and all through `download`."""
