"""Access to Kafka for every client: where the brokers are, who we are, and what their refusals mean.

It imports no client library: arguments are plain values, and errors are known by Kafka's own numbers.
"""

import ssl
from collections.abc import Iterable
from typing import Any, Final

from schemas.errors import InvalidSettings, Refused
from schemas.outputs import reason
from schemas.settings import KafkaSettings

DENIED: Final = {29: "topic", 30: "group", 31: "cluster", 53: "transactional id"}
"""Kafka's errors *_AUTHORIZATION_FAILED, by number, and the kind of resource that each means."""

ILLEGAL_SASL_STATE: Final = 34
WRONG_PASSWORD: Final = 58
UNKNOWN_MECHANISM: Final = 33

GRANT: Final = "`fairpulse acls` lists the access rules; an administrator grants them with `fairpulse acls --apply`"


def client_arguments(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the keyword arguments that every aiokafka client takes: producer, consumer, admin.

    The password is read from its file each time, so that a client made later takes a new one.

    Raises:
        InvalidSettings: a file is missing.
    """
    return {"bootstrap_servers": kafka.bootstrap_servers, **security_arguments(kafka)}


def security_arguments(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the part of `client_arguments` about TLS and passwords; empty for a Kafka without either."""
    arguments: dict[str, Any] = {}
    if kafka.security_protocol != "PLAINTEXT":
        arguments["security_protocol"] = kafka.security_protocol
    if kafka.is_encrypted:
        arguments["ssl_context"] = tls_context(kafka)
    if kafka.wants_password:
        arguments["sasl_mechanism"] = kafka.sasl_mechanism
        arguments["sasl_plain_username"] = kafka.sasl_username
        arguments["sasl_plain_password"] = kafka.password()
    return arguments


def tls_context(kafka: KafkaSettings) -> ssl.SSLContext:
    """Return the check of brokers' certificates: authority and host name, TLS 1.2 or newer.

    Raises:
        InvalidSettings: the file of the authority cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_ca_file)
    except OSError:  # an SSLError is one
        raise InvalidSettings(
            "FAIRPULSE_SSL_CA_FILE: the file does not contain a certificate",
            hint="name the PEM file of the authority that signed the brokers' certificates",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def code_of(error: object) -> int:
    """Return Kafka's number of an error, given as aiokafka's class or instance; 0 for an error of another kind."""
    number = getattr(error, "errno", 0)
    return number if isinstance(number, int) and not isinstance(error, OSError) else 0


def names_in(error: BaseException) -> str:
    """Return the topics or the group that an error of aiokafka names, "" for none."""
    given = error.args[0] if error.args else ()
    return (
        given if isinstance(given, str) else ", ".join(sorted(map(str, given))) if isinstance(given, Iterable) else ""
    )


def refused(kafka: KafkaSettings, error: object, doing: str) -> Refused | None:
    """Return why Kafka refuses us, in one line with the remedy; None if the error has another reason.

    Args:
        kafka: who we are.
        error: aiokafka's exception or its class.
        doing: operation and resource as Kafka names them, for example "Write on topic fair.scans".
    """
    code = code_of(error)
    if code in DENIED:
        return Refused(f"Kafka denies {kafka.principal} {doing} ({DENIED[code]} authorization failed)", hint=GRANT)
    if code == WRONG_PASSWORD:
        return Refused(
            f"Kafka refused the name or password of {kafka.principal}",
            hint="check FAIRPULSE_SASL_USERNAME, FAIRPULSE_SASL_PASSWORD_FILE and FAIRPULSE_SASL_MECHANISM",
        )
    if code == UNKNOWN_MECHANISM:
        return Refused(
            f"Kafka does not accept {kafka.sasl_mechanism}",
            hint="set FAIRPULSE_SASL_MECHANISM to one that the listener accepts",
        )
    if code == ILLEGAL_SASL_STATE:
        return Refused(
            f"Kafka at {kafka.bootstrap_servers} does not accept passwords on this listener",
            hint="set FAIRPULSE_SECURITY_PROTOCOL to that of the listener, or use the port of another listener",
        )
    if isinstance(error, ssl.SSLError) or (kafka.is_encrypted and isinstance(error, ConnectionResetError)):
        why = getattr(error, "verify_message", None) or getattr(error, "reason", None) or reason(error)
        return Refused(
            f"no TLS with Kafka at {kafka.bootstrap_servers} ({str(why).rstrip('.')})",
            hint="check that the listener speaks TLS, FAIRPULSE_SSL_CA_FILE, and the name in the broker's certificate",
        )
    return None
