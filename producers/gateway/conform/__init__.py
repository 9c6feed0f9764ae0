"""`fairpulse gateway conform`: posts a suite of good and bad events to a gateway, and explains every answer."""
