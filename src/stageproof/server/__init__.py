"""The server: settings, routes and the process that answers requests."""
