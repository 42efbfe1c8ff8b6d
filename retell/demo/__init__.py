"""A whole phone call on one machine: sandboxes, web server, worker, a company, and the call itself."""
