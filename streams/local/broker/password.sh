#!/bin/sh
# Give a user of the running Kafka the password that its secret holds now, and make the user if it is new:
#   docker compose -f docker-compose.yml -f docker-compose.sasl.yml exec kafka sh /etc/fairpulse/password.sh fairpulse-worker
set -eu
kafka=${KAFKA_BIN:-/opt/kafka/bin}
secrets=${KAFKA_SECRETS:-/run/secrets}
here=$(dirname "$0")
. "$here/secret.sh"
refuse_bad_secret "$secrets/$1"
umask 077
printf 'SCRAM-SHA-512=password=%s\n' "$(cat "$secrets/$1")" > /tmp/password.$$
trap 'rm -f /tmp/password.$$' EXIT
"$kafka/kafka-configs.sh" --bootstrap-server "${KAFKA_SERVER:-localhost:9092}" --command-config "${KAFKA_CLIENT:-$here/client.properties}" \
  --alter --entity-type users --entity-name "$1" --add-config-file /tmp/password.$$
