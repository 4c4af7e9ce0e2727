"""Client of Picasso, Functions-as-a-Service for OpenStack."""
