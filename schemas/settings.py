"""All settings, with their defaults: a variable `FAIRPULSE_<NAME>` for each field, and options of commands.

Those of a booth terminal are in terminal_settings.py.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.environment import PREFIX, Settings
from schemas.errors import InvalidSettings
from schemas.kinds import (
    Brokers,
    Duration,
    File,
    FixedPort,
    HeaderSecret,
    Host,
    Networks,
    Origins,
    PathPrefix,
    Port,
    Secret,
    UserName,
    WebAddress,
    secret_problem,
)
from schemas.outputs import reason
from schemas.terminal_settings import TerminalSettings
from schemas.topics import PARTITIONS
from schemas.web import authority

LOOPBACK: Final = "127.0.0.1"
"""Where everything listens unless it is told otherwise: no other machine reaches it."""

BADGES_TOKEN_LEAST: Final = 32
"""Characters of a token that nobody can guess."""

KAFKA_PORT: Final = 9_092
"""Where Kafka listens unless it is told otherwise, the local one as well."""


class KafkaSettings(Settings):
    """Where Kafka is, how to log in, and how the topics are made."""

    bootstrap_servers: Annotated[Brokers, Field(examples=["kafka-1:9092,kafka-2:9092"])] = f"{LOOPBACK}:{KAFKA_PORT}"
    """Brokers to ask first, as host:port,host:port."""

    partitions: Annotated[int, Field(ge=1, le=512, examples=["12"])] = PARTITIONS
    """Partitions of every event topic and of the journal. Fixed for the life of a fair."""

    replication_factor: Annotated[int, Field(ge=1, le=9, examples=["3"])] = 1
    """Copies of every partition. 1 survives a restart of the broker, not the loss of its disk; production wants 3."""

    security_protocol: Annotated[
        Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL"], Field(examples=["SASL_SSL"])
    ] = "PLAINTEXT"
    """How to talk to brokers, in Kafka's words: SASL proves who we are, SSL encrypts. Over a network: SASL_SSL."""

    sasl_mechanism: Annotated[Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"], Field(examples=["SCRAM-SHA-256"])] = (
        "SCRAM-SHA-512"
    )
    """How the client proves that it knows the password. SCRAM never sends it. PLAIN does, and is taken with SASL_SSL
    only."""

    sasl_username: Annotated[UserName | None, Field(examples=["fairpulse-worker"])] = None
    """The principal of this program, for instance fairpulse-worker; `fairpulse acls` lists what each may do."""

    sasl_password: Annotated[Secret | None, Field(examples=["correct-horse"])] = None
    """Its password. Rather put it into a file: an environment is seen by more eyes."""

    sasl_password_file: Annotated[File | None, Field(examples=["/run/secrets/fairpulse-worker"])] = None
    """File that holds the password and nothing else, a Docker secret for instance; read again at every connection."""

    ssl_ca_file: Annotated[File | None, Field(examples=["/etc/fairpulse/ca.pem"])] = None
    """PEM file of the authority that signed the brokers' certificates. Without it, those that the system trusts."""

    @property
    def wants_password(self) -> bool:
        """Whether brokers are told who we are."""
        return self.security_protocol.startswith("SASL")

    @property
    def is_encrypted(self) -> bool:
        """Whether brokers are spoken to through TLS."""
        return self.security_protocol.endswith("SSL")

    @property
    def principal(self) -> str:
        """Who Kafka takes us for; ANONYMOUS without a password."""
        return (self.sasl_username or "") if self.wants_password else "ANONYMOUS"

    def password(self) -> str:
        """Return the password, from the file if one is named: a new one is taken at the next connection.

        Raises:
            InvalidSettings: the file is missing or empty, or holds more than a password.
        """
        if self.sasl_password_file is None:
            return "" if self.sasl_password is None else self.sasl_password.get_secret_value()
        try:
            password = self.sasl_password_file.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(
                f"{PREFIX}SASL_PASSWORD_FILE: the file cannot be read ({reason(error)})",
                hint="name a file that this user may read and that holds the password and nothing else",
            ) from None
        if not password:
            raise InvalidSettings(f"{PREFIX}SASL_PASSWORD_FILE: the file is empty", hint="write the password into it")
        if problem := secret_problem(password):
            raise InvalidSettings(
                f"{PREFIX}SASL_PASSWORD_FILE: the password {problem}", hint="write the password alone, on one line"
            )
        return password

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Refuse a half-configured login: a client that is refused by Kafka cannot say as well what is missing."""
        given = {
            name for name in ("sasl_username", "sasl_password", "sasl_password_file") if getattr(self, name) is not None
        }
        if not self.wants_password and given:
            raise InvalidSettings(
                f"{PREFIX}{min(given).upper()}: has no effect with {PREFIX}SECURITY_PROTOCOL={self.security_protocol}",
                hint=f"set {PREFIX}SECURITY_PROTOCOL to SASL_SSL or SASL_PLAINTEXT, or remove "
                f"{PREFIX}{min(given).upper()}",
            )
        if self.wants_password:
            if "sasl_username" not in given:
                raise InvalidSettings(
                    f"{PREFIX}SASL_USERNAME: is missing; {self.security_protocol} needs it",
                    hint="name the principal of this program; `fairpulse acls` lists them",
                )
            if len(given) != 2:
                what = "is missing" if len(given) < 2 else f"{PREFIX}SASL_PASSWORD is given too"
                raise InvalidSettings(
                    f"{PREFIX}SASL_PASSWORD_FILE: {what}",
                    hint=f"name a file that holds the password, or set {PREFIX}SASL_PASSWORD; one of the two",
                )
            if not self.password():
                raise InvalidSettings(f"{PREFIX}SASL_PASSWORD: is empty", hint="set the password of the principal")
            if self.sasl_mechanism == "PLAIN" and not self.is_encrypted:
                raise InvalidSettings(
                    f"{PREFIX}SASL_MECHANISM: PLAIN would send the password readable over {self.security_protocol}",
                    hint="take SCRAM-SHA-512, or SASL_SSL",
                )
        if self.ssl_ca_file is not None:
            if not self.is_encrypted:
                raise InvalidSettings(
                    f"{PREFIX}SSL_CA_FILE: has no effect with {PREFIX}SECURITY_PROTOCOL={self.security_protocol}",
                    hint=f"set {PREFIX}SECURITY_PROTOCOL to SASL_SSL or SSL, or remove {PREFIX}SSL_CA_FILE",
                )
            if not self.ssl_ca_file.is_file():
                raise InvalidSettings(
                    f"{PREFIX}SSL_CA_FILE: there is no such file",
                    hint="name the PEM file of the authority that signed the brokers' certificates",
                )
        return self


class WorkerSettings(Settings):
    """How a worker behaves."""

    clock: Annotated[Literal["wall", "event"], Field(examples=["event"])] = "wall"
    """What closes windows: the wall clock during a fair, the events' own time in a replay or a simulation."""

    allowed_lateness: Annotated[Duration, Field(examples=["5m"])] = timedelta(seconds=30)
    """How long a minute stays open for stragglers before it is published. Later events still reach day and fair."""

    metrics_host: Annotated[Host, Field(examples=["10.0.0.5"])] = LOOPBACK
    """Address on which /metrics, /kpis, /healthz and /readyz are served. They are for the inside of the network."""

    metrics_port: Annotated[Port, Field(examples=["9474"])] = 9_464
    """Port of /metrics, /kpis, /healthz and /readyz; 0 takes a free one and logs it."""

    standby_replicas: Annotated[int, Field(ge=0, le=8, examples=["2"])] = 1
    """Workers that keep a warm copy of each partition's state, for a takeover without reading the journal."""

    chunk_records: Annotated[int, Field(ge=1, le=20_000, examples=["500"])] = 2_000
    """Maximum number of records of a partition that are folded and journalled at once: 2,000 take about 30 ms and
    100 KB. A slow fair has one or two at a time."""

    generation: Annotated[int, Field(ge=1, le=9_999, examples=["2"])] = 1
    """Raised to throw all state away: each generation has a consumer group and a journal of its own, and folds the
    fair from offset 0. `fairpulse rebuild` prepares the next one beside the running workers."""

    max_consecutive_rejects: Annotated[int, Field(ge=0, le=1_000_000_000, examples=["50"])] = 500
    """A worker stops after this many refused records without a good one: then it is wrong, not the records.
    Misplaced ones are not among them. 0 never stops."""

    session_timeout: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(minutes=30), examples=["45s"])] = (
        timedelta(seconds=10)
    )
    """How long a worker may send no heartbeat before it counts as dead and its partitions move."""

    @property
    def address(self) -> str:
        """Where a worker of these settings shows its numbers."""
        return f"http://{authority(self.metrics_host, self.metrics_port)}"


class GatewaySettings(Settings):
    """How a gateway behaves."""

    gateway_host: Annotated[Host, Field(examples=["10.0.0.5"])] = LOOPBACK
    """Address on which terminals post. Put a TLS proxy before it, or give it a certificate."""

    gateway_port: Annotated[Port, Field(examples=["8443"])] = 8_080
    """Port on which terminals post; 0 takes a free one and logs it."""

    gateway_internal_host: Annotated[Host, Field(examples=["10.0.0.5"])] = LOOPBACK
    """Address of /livez, /readyz and /metrics. They are for the inside of the network."""

    gateway_internal_port: Annotated[Port, Field(examples=["9475"])] = 9_465
    """Port of /livez, /readyz and /metrics; 0 takes a free one and logs it."""

    gateway_clock: Annotated[Literal["wall", "simulated"], Field(examples=["simulated"])] = "wall"
    """What stamps arrivals: the wall clock or, in a simulation, what its header says. A fair takes the first."""

    gateway_certificate: Annotated[File | None, Field(examples=["/etc/fairpulse/gateway.pem"])] = None
    """PEM file with the certificate chain; without it the gateway speaks plain HTTP. Read again when it changes."""

    gateway_certificate_key: Annotated[File | None, Field(examples=["/run/secrets/gateway.key"])] = None
    """PEM file with the key of the certificate, without a password; needed unless the file of the certificate
    holds it too. Read again when it changes."""

    gateway_prefix: Annotated[PathPrefix, Field(examples=["/fair"])] = ""
    """Path in front of all paths on the port of the terminals. Leave it out behind a proxy that removes it itself."""

    gateway_proxies: Annotated[Networks | None, Field(examples=["10.0.0.0/8,fd00::/8"])] = None
    """Networks of your proxies. Only from them are the headers Forwarded and X-Forwarded-For, -Proto, -Host and -Prefix
    believed."""

    gateway_origins: Annotated[Origins | None, Field(examples=["https://booths.example,https://app.example:8443"])] = (
        None
    )
    """Origins whose web pages and CloudEvents web hooks may post from elsewhere; * lets in all."""

    gateway_rate: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False, examples=["50"])] = 200
    """Events per second that one terminal may send in the long run."""

    gateway_burst: Annotated[float, Field(ge=1, le=10_000_000, allow_inf_nan=False, examples=["1000"])] = 4_000
    """Events that one terminal may send at once, after it was offline."""

    gateway_share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, examples=["0.1"])] = 0.2
    """Part of the gateway that one terminal may use: of its processor time, requests, connections and memory; also one
    address, for what comes without a valid token. Beyond it that party waits, or is answered 429; the others do not."""

    gateway_requests: Annotated[int, Field(ge=1, le=100_000, examples=["256"])] = 512
    """Maximum number of requests in progress; more are answered 503."""

    gateway_connections: Annotated[int, Field(ge=1, le=100_000, examples=["5000"])] = 4_000
    """Maximum number of open connections. Beyond it a new one replaces one without a valid token, or an idle one."""

    gateway_memory: Annotated[int, Field(ge=2_097_152, le=1 << 40, examples=["4194304"])] = 3_145_728
    """Maximum bytes of request bodies in progress; more are answered 503. With 300 bytes per event, the default is
    10,000 events: as many as Kafka should confirm in a second or two. With many more, a busy Kafka misses the
    deadline."""

    gateway_remembered_events: Annotated[int, Field(ge=1, le=1_000_000_000, examples=["50000"])] = 100_000
    """Events remembered to answer `duplicate` at once, about 250 bytes each. The stream knows all of them."""

    gateway_badges_token_file: Annotated[File | None, Field(examples=["/run/secrets/fairpulse-badges"])] = None
    """File that holds the token with which the registration system imports badges over HTTP, at least 32 characters
    and nothing else. Without it nobody can."""

    terminals_file: Annotated[File, Field(examples=["/var/lib/fairpulse/terminals.sqlite"])] = Path("terminals.sqlite")
    """The registry of terminals: SQLite, made by `fairpulse terminals enrol`. It holds hashes, no secrets."""

    terminals_shared: Annotated[bool, Field(examples=["false"])] = True
    """Whether gateways share the registry: it is then the topic fair.terminals, and the file a copy of it. Without, the
    file alone is the registry, of the gateways on one machine."""

    def badges_token(self) -> str | None:
        """Return the token of the registration system; None if there is none.

        Raises:
            InvalidSettings: the file cannot be read, or does not hold a token of at least 32 characters.
        """
        if self.gateway_badges_token_file is None:
            return None
        name = f"{PREFIX}GATEWAY_BADGES_TOKEN_FILE"
        try:
            token = self.gateway_badges_token_file.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(
                f"{name}: the file cannot be read ({reason(error)})",
                hint="name a file that this user may read and that holds the token and nothing else",
            ) from None
        if len(token) < BADGES_TOKEN_LEAST or not token.isascii() or not token.isprintable() or " " in token:
            raise InvalidSettings(
                f"{name}: the file does not hold one token of at least {BADGES_TOKEN_LEAST} characters",
                hint="make one with `openssl rand -hex 32`",
            )
        return token

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        if self.gateway_certificate_key is not None and self.gateway_certificate is None:
            raise InvalidSettings(
                f"{PREFIX}GATEWAY_CERTIFICATE: is missing; {PREFIX}GATEWAY_CERTIFICATE_KEY has no effect without it",
                hint=f"name the file of the certificate, or remove {PREFIX}GATEWAY_CERTIFICATE_KEY",
            )
        return self


class FairSettings(Settings):
    """Which fair this is."""

    fair_file: Annotated[File | None, Field(examples=["fair.yaml"])] = None
    """The fair file. Without it, the one inside the recording, if a recording is read; else the shipped example of a
    CIFTIS-like fair."""


class LogSettings(Settings):
    """How gateway, worker, audit, exporter and terminal log on standard error."""

    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(examples=["warning"])] = "info"
    """Lowest level that is logged."""

    log_format: Annotated[Literal["text", "json"], Field(examples=["json"])] = "text"
    """How a message is written: as a line for a reader, or as one JSON object per line, for what collects logs."""


class AuditSettings(Settings):
    """Where a continuous audit, `fairpulse audit --every`, shows what it finds."""

    audit_host: Annotated[Host, Field(examples=["10.0.0.5"])] = LOOPBACK
    """Address of the /metrics of a continuous audit."""

    audit_port: Annotated[FixedPort, Field(examples=["9476"])] = 9_466
    """Port of the /metrics of a continuous audit."""


class ExporterSettings(Settings):
    """How `fairpulse kafka-exporter` behaves."""

    exporter_every: Annotated[Duration, Field(ge=timedelta(milliseconds=100), examples=["30s"])] = timedelta(seconds=10)
    """Pause between two looks at Kafka."""

    exporter_host: Annotated[Host, Field(examples=["10.0.0.5"])] = LOOPBACK
    """Address of the exporter's /metrics."""

    exporter_port: Annotated[FixedPort, Field(examples=["9477"])] = 9_467
    """Port of the exporter's /metrics."""


class LocalSettings(Settings):
    """How the Kafka of `fairpulse kafka` behaves."""

    local_kafka_port: Annotated[int, Field(ge=1, le=65_533, examples=["19092"])] = KAFKA_PORT
    """Port of the first node; more nodes take the ports after it."""


class GrafanaSettings(Settings):
    """The Grafana that `fairpulse dashboards` uses. Workers never use it."""

    grafana_url: Annotated[WebAddress, Field(examples=["https://grafana.example/boards"])] = f"http://{LOOPBACK}:3000"
    """Address of Grafana, with its path if it has one."""

    grafana_token: Annotated[HeaderSecret | None, Field(examples=["glsa_0123"])] = None
    """Token of a service account (glsa_...): role Viewer for doctor, Editor for the rest."""


ALL_SETTINGS: Final[tuple[type[Settings], ...]] = (
    KafkaSettings,
    FairSettings,
    WorkerSettings,
    GatewaySettings,
    LogSettings,
    AuditSettings,
    ExporterSettings,
    LocalSettings,
    TerminalSettings,
    GrafanaSettings,
)
"""All of them, in the order of the reference page."""
