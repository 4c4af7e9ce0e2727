"""What python-openstackclient looks for in a plugin."""

from osc_lib import utils

DEFAULT_API_VERSION = '2'
API_VERSION_OPTION = 'os_functions_api_version'
API_NAME = 'functions'
API_VERSIONS = {
    '1': 'picassoclient.v1.client.Client',
    '2': 'picassoclient.v2.client.Client',
    '2.0': 'picassoclient.v2.client.Client',  # as the API calls itself
}


def make_client(instance):
    """Return a client of the service, in the region and on the interface chosen."""
    client = utils.get_client_class(
        API_NAME, instance._api_version[API_NAME], API_VERSIONS)
    return client(
        session=instance.session,
        interface=instance.interface,
        region_name=instance.region_name,
        endpoint_override=instance.get_configuration().get('functions_endpoint_override'),
    )


def build_option_parser(parser):
    """Add the global options."""
    parser.add_argument(
        '--os-functions-api-version',
        metavar='<functions-api-version>',
        default=utils.env('OS_FUNCTIONS_API_VERSION', default=DEFAULT_API_VERSION),
        help='Functions API version, default=%s; 1 has the commands of the first Picasso, '
             'fn apps and fn routes (Env: OS_FUNCTIONS_API_VERSION)' % DEFAULT_API_VERSION,
    )
    # openstackclient puts it into the cloud's configuration, over what clouds.yaml
    # says there as functions_endpoint_override.
    parser.add_argument(
        '--os-functions-endpoint-override',
        metavar='<url>',
        default=utils.env('OS_FUNCTIONS_ENDPOINT_OVERRIDE', default=None),
        help='Endpoint of the functions service in place of the one in the catalog '
             '(Env: OS_FUNCTIONS_ENDPOINT_OVERRIDE)',
    )
    return parser
