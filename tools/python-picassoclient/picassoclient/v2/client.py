"""The API, as thin as it can be: resources are the dictionaries it sends.

A reference is an id or a name; functions also take "app:name".
"""

import time
import urllib.parse

from keystoneauth1 import exceptions

from picassoclient import adapter

# The most that the API gives at once.
PAGE_SIZE = 1000

# Statuses of executions that are not over.
UNFINISHED = ('queued', 'running')


class Client(adapter.Adapter):
    """A client of version 2; see adapter.Adapter."""

    def create(self, collection, body):
        """Create a resource and return it."""
        return self.post(_path(collection), json=body).json()

    def show(self, collection, ref):
        """Return a resource."""
        return self.get(_path(collection, ref)).json()

    def update(self, collection, ref, patch):
        """Apply a JSON merge patch (RFC 7396) and return the resource."""
        return self.patch(_path(collection, ref), json=patch).json()

    def remove(self, collection, ref):
        """Delete a resource; an execution is cancelled."""
        self.delete(_path(collection, ref))

    def list(self, collection, limit=None, **query):
        """Yield resources, page by page, up to limit of them (None: all).

        :param query: of the API: marker, sort, all_projects and filters.
            What is None is left out.
        """
        query = {key: value for key, value in query.items() if value is not None}
        while limit is None or limit > 0:
            query['limit'] = min(limit or PAGE_SIZE, PAGE_SIZE)
            answer = self.get(_path(collection), params=query).json()
            page = answer[collection]
            yield from page
            if not page or collection + '_links' not in answer:
                return
            query['marker'] = page[-1]['id']
            if limit is not None:
                limit -= len(page)

    def limits(self):
        """Return what bounds the project, and what of that it uses."""
        return self.get(_path('limits')).json()

    def function_url(self, function_id):
        """Return the URL at which any HTTP client calls a function."""
        return '%s/f/%s' % (self.get_endpoint().rstrip('/'), function_id)

    def invoke(self, ref, body, content_type):
        """Invoke a function and return the response, whose content streams.

        The status of the function is its own: check function_status. Nothing is
        sent twice. It may take 15 minutes.
        """
        response = self._invoke(ref, body, {'Content-Type': content_type})
        if response.status_code >= 400 and 'Picasso-Function-Status' not in response.headers:
            raise exceptions.from_response(response, 'POST', response.url)
        return response

    def invoke_async(self, ref, body, content_type, idempotency_key=None):
        """Queue a call of a function and return the execution.

        Of several calls with the same idempotency key only the first makes one.
        """
        headers = {'Content-Type': content_type, 'Prefer': 'respond-async'}
        if idempotency_key:
            headers['Idempotency-Key'] = idempotency_key
        response = self._invoke(ref, body, headers)
        if response.status_code >= 400:
            raise exceptions.from_response(response, 'POST', response.url)
        return response.json()

    def _invoke(self, ref, body, headers):
        # A redirect or 401 may be the function's own answer: neither leads to a
        # second call.
        return self.post(
            _path('functions', ref, 'invoke'), data=body, stream=True,
            headers=dict(headers, Accept='*/*'), raise_exc=False,
            redirect=False, allow_reauth=False, connect_retries=0)

    def wait(self, execution):
        """Wait until an execution has ended and return it."""
        pause = 0.1
        while True:
            found = self.show('executions', execution)
            if found['status'] not in UNFINISHED:
                return found
            time.sleep(pause)
            pause = min(pause * 1.5, 5)

    def log(self, execution, follow=False):
        """Yield the log of an execution as it comes, in pieces of bytes."""
        response = self.get(
            _path('executions', execution, 'log'), stream=True,
            headers={'Accept': '*/*'}, params={'follow': 'true'} if follow else {})
        return response.iter_content(chunk_size=None)

    def result(self, execution):
        """Return the response with what an asynchronous execution answered."""
        return self.get(_path('executions', execution, 'result'), stream=True,
                        headers={'Accept': '*/*'})

    def redrive(self, execution):
        """Run a failed execution again; return the new one."""
        return self.post(_path('executions', execution, 'redrive')).json()

    def redrive_all(self, function, until, since=None):
        """Run the failed executions of a function again; yield the ids of the new ones.

        :param until: the end of the range, a time (RFC 3339): without one, what
            fails again meanwhile would be run for ever
        """
        body = {'function': function, 'until': until, 'limit': PAGE_SIZE}
        if since is not None:
            body['since'] = since
        more = True
        while more:
            answer = self.post(_path('executions', 'redrive'), json=body).json()
            yield from answer['executions']
            more = answer['more'] and answer['executions']


def function_status(response):
    """Return the HTTP status that the function itself answered with."""
    return int(response.headers.get('Picasso-Function-Status', response.status_code))


def _path(*parts):
    return '/v2/' + '/'.join(urllib.parse.quote(part, safe=':') for part in parts)
