"""Closed lists of words that events and the fair file use."""

from enum import StrEnum


class Code(StrEnum):
    """A word from a closed list; hashes like its text, which keeps look-ups in the fold fast."""

    __hash__ = str.__hash__


class Capture(Code):
    """How the event reached us: at once, after an outage, or typed in later."""

    ONLINE = "online"
    OFFLINE_REPLAY = "offline_replay"
    MANUAL_BACKFILL = "manual_backfill"


class SourceType(Code):
    """What read the badge."""

    QR = "qr"
    BARCODE = "barcode"
    NFC = "nfc"
    RFID = "rfid"
    FACE_TOKEN = "face_token"  # noqa: S105 - a word of the trade, not a password
    BLE_ROLLUP = "ble_rollup"
    MANUAL = "manual"


class ScanKind(Code):
    """Where and which way a badge was scanned."""

    ENTRY = "entry"
    EXIT = "exit"
    ZONE_IN = "zone_in"
    ZONE_OUT = "zone_out"
    BOOTH = "booth"
    SESSION = "session"


class BadgeRole(Code):
    """Who wears the badge. The audit profile (FKM, ABC) decides which roles count as visitors."""

    VISITOR_PROFESSIONAL = "visitor_professional"
    VISITOR_PUBLIC = "visitor_public"
    EXHIBITOR_STAFF = "exhibitor_staff"
    MEDIA = "media"
    SPEAKER = "speaker"
    DELEGATE = "delegate"
    VIP_GOV = "vip_gov"
    ORGANISER = "organiser"
    CONTRACTOR = "contractor"
    SECURITY = "security"


class ScanResult(Code):
    """Whether the gate let the badge pass."""

    ACCEPTED = "accepted"
    DENIED = "denied"


class DenyReason(Code):
    """Why a scan was denied (the list of pretix, and four more from fairs)."""

    INVALID = "invalid"
    UNPAID = "unpaid"
    BLOCKED = "blocked"
    INVALID_TIME = "invalid_time"
    CANCELED = "canceled"
    ALREADY_REDEEMED = "already_redeemed"
    PRODUCT = "product"
    RULES = "rules"
    AMBIGUOUS = "ambiguous"
    REVOKED = "revoked"
    ERROR = "error"
    WRONG_DAY = "wrong_day"
    WRONG_ZONE = "wrong_zone"
    NO_EXIT_BEFORE_ENTRY = "no_exit_before_entry"
    UNKNOWN_BADGE = "unknown_badge"


class AnnulReason(Code):
    """Why somebody takes an event back."""

    MISTAKE = "mistake"
    WRONG_BADGE = "wrong_badge"
    WRONG_CHOICE = "wrong_choice"
    TEST = "test"


class InteractionKind(Code):
    """What a visitor did at an exhibit."""

    DEMO_STARTED = "demo_started"
    DEMO_COMPLETED = "demo_completed"
    TOUCH_SESSION = "touch_session"
    VIDEO_VIEW = "video_view"
    AR_VR_SESSION = "ar_vr_session"
    BROCHURE_DOWNLOAD = "brochure_download"
    QR_OPEN = "qr_open"
    SAMPLE_REQUEST = "sample_request"
    QUESTION_ASKED = "question_asked"
    MEETING_BOOKED = "meeting_booked"
    MEETING_HELD = "meeting_held"
    QUOTE_REQUESTED = "quote_requested"
    LEAD_CAPTURED = "lead_captured"
    SURVEY_SUBMITTED = "survey_submitted"


class MeetingStep(Code):
    """How far a meeting has come; each step counts once per meeting."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    HELD = "held"


class OutcomeKind(Code):
    """The seven kinds of results that CIFTIS publishes; only the first two are deals in the narrow sense."""

    TRANSACTION = "transaction"
    INVESTMENT = "investment"
    FIRST_LAUNCH = "first_launch"
    STRATEGIC_AGREEMENT = "strategic_agreement"
    AUTHORITATIVE_RELEASE = "authoritative_release"
    ALLIANCE_PLATFORM = "alliance_platform"
    SELECTION_RECOMMENDATION = "selection_recommendation"


class DealStage(Code):
    """How far a deal has come."""

    INTENT = "intent"
    MOU = "mou"
    FRAMEWORK = "framework"
    CONTRACT = "contract"
    PURCHASE_ORDER = "purchase_order"


class ValueBasis(Code):
    """What a deal's value means."""

    TOTAL_CONTRACT = "total_contract"
    ANNUAL_INTENDED = "annual_intended"
    INVESTMENT_COMMITMENT = "investment_commitment"
    UNDISCLOSED = "undisclosed"


class PartyRole(Code):
    """The part an organisation plays in a deal."""

    SELLER = "seller"
    BUYER = "buyer"
    PARTNER = "partner"
    INVESTOR = "investor"
    GOVERNMENT = "government"


class DealLocation(Code):
    """Where the deal was signed."""

    ON_FLOOR = "on_floor"
    SIGNING_CEREMONY = "signing_ceremony"
    OFF_FLOOR = "off_floor"
    ONLINE = "online"


class TradeDirection(Code):
    """Across which border services or capital move; a domestic deal is a result but not services trade."""

    EXPORT = "export"
    IMPORT = "import"
    DOMESTIC = "domestic"
    INBOUND_INVESTMENT = "inbound_investment"
    OUTBOUND_INVESTMENT = "outbound_investment"
    NOT_APPLICABLE = "n/a"


class ServiceCategory(Code):
    """The twelve main items of services trade (EBOPS 2010, BPM6), and `unclassified`."""

    MANUFACTURING = "manufacturing"
    MAINTENANCE_REPAIR = "maintenance_repair"
    TRANSPORT = "transport"
    TRAVEL = "travel"
    CONSTRUCTION = "construction"
    INSURANCE_PENSION = "insurance_pension"
    FINANCIAL = "financial"
    INTELLECTUAL_PROPERTY = "intellectual_property"
    TELECOM_COMPUTER_INFORMATION = "telecom_computer_information"
    OTHER_BUSINESS = "other_business"
    PERSONAL_CULTURAL_RECREATIONAL = "personal_cultural_recreational"
    GOVERNMENT = "government"
    UNCLASSIFIED = "unclassified"


class ChangeKind(Code):
    """A correction restates history; a business change takes effect now."""

    CORRECTION = "correction"
    BUSINESS_CHANGE = "business_change"


class CancelReason(Code):
    """Why a deal no longer stands."""

    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    ERROR = "error"
    CONDITION_FAILED = "condition_failed"
    SUPERSEDED = "superseded"


class ExhibitorType(Code):
    """ISO 25639-1: a represented company has no staff on the stand and is not an exhibitor."""

    MAIN = "main"
    CO = "co"
    REPRESENTED = "represented"


class DecimalMark(Code):
    """The mark before the minor digits of an amount, as a fair's people write it: 12.50 or 12,50."""

    POINT = "point"
    COMMA = "comma"
