"""The certificate of the gateway, taken anew when its files change."""
