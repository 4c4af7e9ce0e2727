"""What the clients of all versions of the API have in common."""

import logging
import urllib.parse

from keystoneauth1 import adapter
from keystoneauth1 import exceptions

LOG = logging.getLogger(__name__)


class Adapter(adapter.Adapter):
    """An adapter of keystoneauth1 for service type functions.

    Failures raise the exceptions of keystoneauth1 (keystoneauth1.exceptions.http):
    NotFound, Conflict, BadRequest and so on.
    """

    def __init__(self, session, **kwargs):
        kwargs.setdefault('service_type', 'functions')
        kwargs.setdefault('user_agent', 'python-picassoclient')
        super().__init__(session=session, **kwargs)

    def request(self, url, method, **kwargs):
        """Send a request.

        It is logged here, without what keystoneauth1 would show: bodies hold
        secrets, environments and the data of functions. It would also read them
        to their end, of which a log that is followed has none.
        """
        query = urllib.parse.urlencode(kwargs.get('params') or {})
        LOG.debug('REQ: %s %s', method, url + ('?' + query if query else ''))
        try:
            response = super().request(url, method, **dict(kwargs, log=False))
        except exceptions.HttpError as error:
            LOG.debug('RESP: [%s] %s', error.http_status, error.request_id)
            raise
        LOG.debug('RESP: [%s] %s', response.status_code,
                  response.headers.get('X-Openstack-Request-Id'))
        return response
