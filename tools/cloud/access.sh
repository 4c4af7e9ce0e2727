# shellcheck shell=bash
# How users and tests reach the cloud: openrc files, clouds.yaml, cloud.env.

# accounts: NAME USER SCOPE SECRET of every identity handed out
accounts() {
  cat <<E
admin admin admin $ADMIN_SECRET
admin-system admin system $ADMIN_SECRET
alpha alice alpha $USER_SECRET
alpha-reader rhea alpha $USER_SECRET
beta bob beta $USER_SECRET
service-functions functions service $SERVICE_SECRET
service-functions-system functions system $SERVICE_SECRET
service-swift swift service $SERVICE_SECRET
service-aodh aodh service $SERVICE_SECRET
E
}

openrc() { # openrc USER PROJECT PASSWORD
  cat <<E
export OS_AUTH_TYPE=password
export OS_AUTH_URL=$AUTH_URL/v3
export OS_IDENTITY_API_VERSION=3
export OS_USERNAME=$1
export OS_PASSWORD=$3
export OS_USER_DOMAIN_NAME=Default
export OS_REGION_NAME=$REGION
export OS_INTERFACE=public
E
  case $2 in
    system) echo "export OS_SYSTEM_SCOPE=all" ;;
    *) printf 'export OS_PROJECT_NAME=%s\nexport OS_PROJECT_DOMAIN_NAME=Default\n' "$2" ;;
  esac
}

cloud_entry() { # cloud_entry NAME USER SCOPE PASSWORD: one of clouds.yaml
  cat <<E
  $1:
    region_name: $REGION
    identity_api_version: 3
    auth:
      auth_url: $AUTH_URL/v3
      username: $2
      password: "$4"
      user_domain_name: Default
E
  case $3 in
    system) echo "      system_scope: all" ;;
    *) printf '      project_name: %s\n      project_domain_name: Default\n' "$3" ;;
  esac
}

cloud_env() { # KEY=VALUE lines; package cloudtest reads them
  cat <<E
CLOUD_DIR=$CLOUD_DIR
CLOUD_AUTH_URL=$AUTH_URL/v3
CLOUD_PUBLIC_HOST=$(public_host)
CLOUD_AMQP_URL=amqp://openstack:$RABBIT_SECRET@127.0.0.1:5672/
CLOUD_TRANSPORT_URL=$TRANSPORT_URL
CLOUD_DB_DSN=cloud:$DB_SECRET@tcp(127.0.0.1:$PORT_MARIADB)/
CLOUD_DOCKER_HOST=unix://$DOCKER_SOCKET
OS_CLIENT_CONFIG_FILE=$CLOUD_DIR/clouds.yaml
E
}

write_access() { # for the eyes of root, and of who called sudo
  local name user scope secret
  (
    umask 077
    while read -r name user scope secret; do
      openrc "$user" "$scope" "$secret" | put "$CLOUD_DIR/openrc.$name"
    done < <(accounts)
    {
      echo "clouds:"
      while read -r name user scope secret; do cloud_entry "$name" "$user" "$scope" "$secret"; done < <(accounts)
    } | put "$CLOUD_DIR/clouds.yaml"
    cloud_env | put "$CLOUD_DIR/cloud.env"
    chown "${SUDO_UID:-0}" "$CLOUD_DIR"/{openrc.*,clouds.yaml,cloud.env}
  )
}
