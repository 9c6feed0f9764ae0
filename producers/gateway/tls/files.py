"""The files that a gateway reads while it runs, read again on request."""

from dataclasses import dataclass

from producers.gateway.tls.certificates import Certificates
from producers.registry.doorkeeper import Doorkeeper
from schemas.errors import Unavailable
from schemas.logs import logger

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Files:
    """Registry and certificate. Both are also looked at every second; fair file and settings need a restart."""

    doorkeeper: Doorkeeper
    certificates: Certificates | None

    def reload(self) -> None:
        """Read all again now, and say so. What cannot be read stays as it was.

        A registry that is shared is looked for in its topic, too.
        """
        try:
            self.doorkeeper.look()
        except Unavailable as error:
            log.error("the registry cannot be read", error=error, known=len(self.doorkeeper))  # noqa: TRY400
        about = {}
        if self.certificates is not None:
            self.certificates.reload()
            about["certificate_valid_until"] = self.certificates.validity.until
        log.info("files read again", known=len(self.doorkeeper), **about)
