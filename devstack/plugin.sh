# shellcheck shell=bash
# plugin.sh - DevStack calls this: stack PHASE, unstack, clean. What is done is in lib/picasso and lib/notifications.

_XTRACE_PICASSO_PLUGIN=$(set +o | grep xtrace)
set +o xtrace

# shellcheck source=/dev/null
source "$PICASSO_DIR/devstack/lib/picasso"
# shellcheck source=/dev/null
source "$PICASSO_DIR/devstack/lib/notifications"

if is_service_enabled picasso; then
    case "$1 ${2:-}" in
        "stack pre-install")
            echo_summary "Checking what Picasso needs"
            preinstall_picasso
            ;;
        "stack install")
            echo_summary "Installing Picasso"
            install_picasso
            install_picasso_notifications
            ;;
        "stack post-config")
            echo_summary "Configuring Picasso"
            configure_picasso
            create_picasso_accounts
            configure_picasso_notifications
            ;;
        "stack extra")
            echo_summary "Starting Picasso"
            init_picasso
            start_picasso
            ;;
        "stack test-config")
            echo_summary "Trying Picasso"
            check_picasso
            ;;
        "unstack ")
            stop_picasso
            ;;
        "clean ")
            cleanup_picasso
            ;;
    esac
fi

$_XTRACE_PICASSO_PLUGIN
