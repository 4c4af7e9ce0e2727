"""What bounds a project."""

from picassoclient.osc.v2 import resource


class ShowLimits(resource.One):
    """Show what bounds the project, and what of that it uses

    A bound of 0 is none. What is None is not counted.
    """

    fields = ('project_id', 'max_request_bytes', 'max_page_size', 'project_concurrency',
              'calls_running', 'max_queued', 'queued')

    def take_action(self, parsed_args):
        return self.shown(self.api.limits())
