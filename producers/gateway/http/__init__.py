"""HTTP at the edge of the gateway: connections, requests, who sent them, answers."""
