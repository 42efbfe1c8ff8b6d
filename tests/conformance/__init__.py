"""The official conformance suite of the Model Context Protocol against our own server: `make conformance`."""
