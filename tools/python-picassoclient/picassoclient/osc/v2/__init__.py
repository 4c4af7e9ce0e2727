"""Commands on version 2 of the API."""
