#!/bin/sh
# Kafka with passwords: the first time it makes the users, one for each secret, then it runs Kafka.
# docker-compose.sasl.yml mounts this folder; a test runs the same lines against a local Kafka.
set -eu
kafka=${KAFKA_BIN:-/opt/kafka/bin}
secrets=${KAFKA_SECRETS:-/run/secrets}
settings=${KAFKA_SETTINGS:-/etc/fairpulse/server.properties}
. "$(dirname "$0")/secret.sh"
for file in "$secrets"/fairpulse-*; do
  refuse_bad_secret "$file"
done
data=$(sed -n 's/^log\.dirs=//p' "$settings")
if [ ! -e "$data/meta.properties" ]; then
  # Arguments with passwords go through a file: everybody can see a command line. The tool's output
  # about the users goes there too.
  (
    umask 077
    {
      printf '%s\n' format --cluster-id "$("$kafka/kafka-storage.sh" random-uuid)" --config "$settings"
      for file in "$secrets"/fairpulse-*; do
        printf '%s\n' --add-scram "SCRAM-SHA-512=[name=$(basename "$file"),password=$(cat "$file")]"
      done
    } > /tmp/format.$$
  )
  "$kafka/kafka-storage.sh" "@/tmp/format.$$" > /dev/null || { rm -f "/tmp/format.$$"; exit 1; }
  rm -f "/tmp/format.$$"
fi
exec "$kafka/kafka-server-start.sh" "$settings"
