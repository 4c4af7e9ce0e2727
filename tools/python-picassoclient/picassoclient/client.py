"""The client of either version of the API."""

from picassoclient.v1 import client as v1
from picassoclient.v2 import client as v2

VERSIONS = {'1': v1.Client, '2': v2.Client}


def Client(version, *args, **kwargs):
    """Return a client: of version 'v1', picassoclient.v1.client.Client(*args, **kwargs)."""
    found = VERSIONS.get(str(version).removeprefix('v'))
    if found is None:
        raise ValueError('version %s: must be v1 or v2' % version)
    return found(*args, **kwargs)
