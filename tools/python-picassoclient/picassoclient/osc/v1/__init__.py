"""Commands on version 1 of the API."""
