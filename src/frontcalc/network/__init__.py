"""The only openers of network connections: all go through `client`."""
