"""The register of badges in a gateway: it is followed, filled and asked, and events that wait for it are released."""
