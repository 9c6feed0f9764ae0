"""The register of badges: who a person is and which badges the person wears, as Kafka's topics have it."""
