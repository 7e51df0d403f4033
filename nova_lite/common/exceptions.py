"""Every error nova_lite raises: a branch is an HTTP answer, a leaf is what went wrong.

Only ``api/wsgi/faults.py`` reads ``status``.  A leaf's ``template`` is the sentence a user reads; its fields are
given as keywords and kept as attributes, so that code can read them too.
"""


class NovaLiteError(Exception):
    """Base of all; a 500 whose text is never shown to a client, unless a class sets ``text_is_public``."""

    status = 500
    text_is_public = False
    #: What users read instead of a text that names hosts or addresses; None: the text.
    public = None
    template = "An unexpected error."

    def __init__(self, message=None, **fields):
        self.fields = fields
        self.__dict__.update(fields)
        super().__init__(message if message is not None else self.template.format(**fields))


# ---- branches: one HTTP answer each

class BadRequest(NovaLiteError):
    status = 400
    template = "The request is not valid."


class Unauthorized(NovaLiteError):
    status = 401
    template = "The request you have made requires authentication."


class Forbidden(NovaLiteError):
    status = 403
    template = "This is not allowed."


class NotFound(NovaLiteError):
    status = 404
    template = "The resource could not be found."


class MessageTooLate(NovaLiteError):
    template = "The message arrived {seconds} s late and is ignored: its sender has given up on it."


class NotAcceptable(NovaLiteError):
    status = 406
    template = "This cannot be answered in an accepted form."


class RequestTimeout(NovaLiteError, TimeoutError):
    """A client lets its server wait for too long; libraries take it for the socket's own error."""

    status = 408
    template = ("The request came too slowly: its body must arrive within the time that this cloud gives it, or keep "
                "to its least rate.")


class Conflict(NovaLiteError):
    status = 409
    template = "The request conflicts with the present state."


class Gone(NovaLiteError):
    status = 410
    template = "This API is no longer available."


class PreconditionFailed(NovaLiteError):
    status = 412
    template = "What the request depends on has changed."


class TooLarge(NovaLiteError):
    status = 413
    template = "The request is too large."


class UnsupportedMediaType(NovaLiteError):
    status = 415
    template = "Unsupported Content-Type"


class Unprocessable(NovaLiteError):
    status = 422
    template = "The request cannot be processed."


class TooManyRequests(NovaLiteError):
    """``retry_after`` in seconds."""

    status = 429
    retry_after = 1
    template = "Too many requests at once."


class NotImplementedHere(NovaLiteError):
    status = 501
    template = "This is not supported here."


class Unavailable(NovaLiteError):
    status = 503
    template = "The service is not available now. Try again later."


# ---- leaves shared by all floors

class Stopping(Unavailable):
    template = "This service is stopping."


class ValidationError(BadRequest):
    template = "{detail}"


class PolicyNotAuthorized(Forbidden):
    #: What the refused ``action`` was asked of; None: of something of the caller's own.
    target = None
    template = "Policy doesn't allow {action} to be performed."


class OverQuota(Forbidden):
    template = "Quota exceeded for {resource}: Requested {requested}, but already used {used} of {limit} {resource}"


class InvalidState(Conflict):
    """``attribute`` is vm_state, task_state or power_state; ``state`` its present value."""

    template = "Cannot '{operation}' instance {server_id} while it is in {attribute} {state}"


class ServerLocked(Conflict):
    template = "Instance {server_id} is locked"


class IdempotencyKeyBusy(Conflict):
    """``retry_after`` in seconds."""

    template = "The first request with this Idempotency-Key is still being answered."


class TooLargeNumber(BadRequest):
    template = "A number in the request is larger, or smaller, than what can be kept."


class TooLongText(BadRequest):
    template = "A text in the request is longer than what can be kept."


class TooManyIdempotencyKeys(TooManyRequests):
    """``retry_after`` in seconds."""

    template = ("This project has {most} Idempotency-Keys that are remembered, and may have no more. Ask without one, "
                "or when the oldest is forgotten.")


class IdempotencyKeyReused(Unprocessable):
    template = "This Idempotency-Key was used with another request. Use a new key to ask for something else."


class ServerNotReady(Conflict):
    template = "Instance {server_id} is not ready"


class ConsoleTokenNotFound(NotFound):
    template = "Token not found"


class ConsoleTypeInvalid(BadRequest):
    template = "Invalid console type {console_type}"


class ConsoleTypeUnavailable(BadRequest):
    template = "Unavailable console type {console_type}."


class ServerNotFound(NotFound):
    template = "Instance {server_id} could not be found."


class ServerDamaged(Conflict):
    template = ("The record of server {server_id} is damaged ({columns}). It can be deleted, or an administrator "
                "restores it from a backup of the database.")


class FlavorNotFound(NotFound):
    template = "Flavor {flavor_id} could not be found."


class ImageNotFound(NotFound):
    template = "Image {image_id} could not be found."


class ShelvedImageLost(NotFound):
    """What a server's disk would come back from is gone: the server itself is broken."""

    template = "Unshelve attempted but the image {image_id} cannot be found."


class HostNotFound(NotFound):
    template = "Compute host {host} could not be found."


class ComputeHostMissing(NotFound):
    template = "Compute host {host} not found."


class NoValidHost(NovaLiteError):
    """Raised inside the scheduler; its text and its status become the server's fault.

    ``fields["down"]``: names of the hosts that counted as down, for the conductor.
    """

    template = "No valid host was found. {reason}"


class OperationNotFound(NotFound):
    template = "Operation {operation_id} could not be found."


class Fenced(NovaLiteError):
    """A worker speaks for an operation whose lease has moved on, was cancelled or ended: it must stop at once."""

    template = "Operation {operation_id} is no longer led by attempt {attempt}."


class Cancelled(NovaLiteError):
    """The operation at hand was cancelled by another one (a delete); unwind and end."""

    template = "Operation {operation_id} was cancelled."


class DeadlineExceeded(NovaLiteError):
    template = "{what} took longer than {seconds:g} s."


class CircuitOpen(Unavailable):
    """Asking ``name`` failed too often; it is left alone for ``seconds`` more."""

    template = "{name} does not answer; it will be asked again in {seconds:g} s."


# ---- what asking another service over the bus can raise

class PeerAway(Unavailable):
    """A process or server that this one needs does not answer now; asking again may help.  Never the asker's fault."""

    retry_after = 5         # seconds


class ChangePending(PeerAway):
    """Another service has not made, or not answered for, what an operation needs; ``change_id`` is its row's id."""

    public = "A service that this cloud uses has not done its part yet. Look before you ask again."
    template = "The {service} service has not made what is needed ({verb}): {reason}"


class ChangeNotInTurn(ChangePending):
    """It was not asked for: what was changed for the same resource before is to be undone first."""


class PortsAwaited(NovaLiteError):
    """An operation waits until ports are ACTIVE: its host has done its part for now, and nothing is undone."""

    template = "Operation {operation_id} waits for the ports of its server."


class VifPluggingFailed(NovaLiteError):
    template = "Virtual Interface creation failed: {reason}"


class ChangeRefused(NovaLiteError):
    """Another service did not make what an operation needs while that waited; ``status`` and text are the refusal's."""


class NoAnswer(PeerAway):
    """Nobody answered in time: the work may have been done or not."""

    public = "A part of this cloud does not answer in time. Look before you ask again."
    template = "No answer to {method} from {address}."


class BusUnavailable(PeerAway):
    public = "The services of this cloud cannot reach each other now; try again in a moment."
    template = "The message bus cannot be reached: {reason}"


class OtherRelease(PeerAway):
    """The version of a message is none that its receiver speaks.  Nothing was done; it is once both are of one release.

    ``version`` is that of the message.
    """

    public = "The services of this cloud are being upgraded; try again in a moment."
    template = ("{method} came as version {version} of the messages between services, which this release does not "
                "speak. Bring all services of this cloud to one release.")


class DatabaseUnavailable(PeerAway):
    """Nothing was changed.  ``reason`` is the database's own word, for logs."""

    template = "The database does not answer now. Nothing was changed; try again in a moment."


class DatabaseFull(DatabaseUnavailable):
    template = ("The database has no space left, so nothing can be changed. Nothing was changed; the operator of this "
                "cloud must free space on its disk.")


class DatabaseReadOnly(DatabaseUnavailable):
    template = ("The database may only be read now, so nothing can be changed. Nothing was changed; the operator of "
                "this cloud must make it writable.")


class DeadlockVictim(DatabaseUnavailable):
    """This transaction and another waited for each other, and the database undid this one."""


class OutcomeUnknown(PeerAway):
    """The database was lost between a COMMIT and its answer.  ``reason`` is for logs."""

    template = ("The database was lost while the change was written: it may have been made or not. Look before you ask "
                "again, or ask again with the same Idempotency-Key.")
    retry_after = None      # a client that repeats by itself might do it twice


class RemoteFailure(NovaLiteError):
    """The other side broke; its log has the traceback."""

    template = "{method} failed with {kind}: {text}"


# ---- what a host or its hypervisor can answer; the text becomes the server's fault

class HypervisorError(NovaLiteError):
    template = "The hypervisor refused: {reason}"


class HypervisorRefused(HypervisorError):
    """What libvirt or a tool said, which may name paths and parts of QEMU: for administrators, and logs."""

    public = "The hypervisor of the server's host refused; its administrator finds out why by the id of the request."


class NotOffered(HypervisorError):
    template = "This host cannot give the guest what its flavor or image asks for: {reason}"


class HypervisorUnavailable(HypervisorError):
    public = "The hypervisor of the server's host cannot be reached."
    template = "The hypervisor of host {host} cannot be reached: {reason}"


class GuestNotFound(HypervisorError):
    template = "The host has no guest for server {server_id}."


class GuestOff(Conflict):
    """``state`` is its power in Nova's words."""

    template = "Cannot 'get_diagnostics' instance {server_id} while it is in power state {state}"


class AgentNotEnabled(Conflict):
    template = "QEMU guest agent is not enabled"


class DiskTooSmall(BadRequest):
    template = ("Flavor's disk is too small for requested image. Flavor disk is {flavor_bytes} bytes, "
                "image is {image_bytes} bytes.")


class ImageUnacceptable(BadRequest):
    template = "Image {image_id} is unacceptable: {reason}"


class ImageNotActive(BadRequest):
    template = "Image {image_id} is not active."


class ImageRejected(UnsupportedMediaType):
    """What was uploaded is not what it was said to be, or is not safe."""

    template = "Image failed safety checks"


class ImageTooBig(TooLarge):
    template = "Denying attempt to upload image larger than {limit} bytes."


class ImageStoreFull(TooLarge):
    template = "Image storage media is full: There is not enough disk space on the image storage media."


class ImageStoreClosed(Unavailable):
    template = "Insufficient permissions on image storage media: Permission to write image storage media denied."


class ImageFetchFailed(NovaLiteError):
    """A host could not get an image, or got other bytes than its hash promises; the text becomes the server's fault."""

    template = "The host could not fetch image {image_id}: {reason}"


class ImageUploadFailed(NovaLiteError):
    """A host could not hand over what it copied; the text becomes the operation's error."""

    template = "The host could not upload image {image_id}: {reason}"


class RangeNotSatisfiable(NovaLiteError):
    status = 416
    template = "The Range requested is not available."


class ToolFailed(NovaLiteError):
    """A sandboxed program failed.  ``error`` is the end of what it said: it may name paths, so it is only for logs."""

    template = "{tool} failed ({code}): {error}"


class ToolLimited(NovaLiteError):
    template = "{tool} was ended: it used more {what} than it may."


class NoSpace(NovaLiteError):
    status = 507
    template = "No space left in {where}: {needed} bytes needed, {free} free."


class Misconfigured(NovaLiteError):
    """Start-up cannot go on; the text says what is wrong and how to mend it."""

    template = "{problem} {remedy}"


# ---- what compute's own resources refuse

class MarkerNotFound(BadRequest):
    template = "marker [{marker}] not found"


class MetadataLimitExceeded(Forbidden):
    template = "Maximum number of metadata items exceeds {limit}"


class FileLimitExceeded(Forbidden):
    template = "Personality file limit exceeded"


class FilePathLimitExceeded(Forbidden):
    template = "Personality file path exceeds maximum {limit}"


class FileContentLimitExceeded(Forbidden):
    template = "Personality file content exceeds maximum {limit}"


class ImageMetadataLimitExceeded(Forbidden):
    template = "Image metadata limit exceeded"


class KeypairLimitExceeded(Forbidden):
    template = "Quota exceeded, too many key pairs."


class KeypairInvalid(BadRequest):
    template = "Keypair data is invalid: {reason}"


class KeypairNotFound(NotFound):
    template = "Keypair {name} not found for user {user_id}"


class KeypairExists(Conflict):
    template = "Key pair '{name}' already exists."


class FlavorExists(Conflict):
    template = "Flavor with name {name} already exists."


class FlavorIdExists(Conflict):
    template = "Flavor with ID {flavor_id} already exists."


class FlavorIsPublic(Conflict):
    template = "Can not add access to a public flavor."


class FlavorAccessExists(Conflict):
    template = "Flavor access already exists for flavor {flavor_id} and project {project_id} combination."


class FlavorAccessNotFound(NotFound):
    template = "Flavor access not found for {flavor_id} / {project_id} combination."


class ExtraSpecNotFound(NotFound):
    template = "Flavor {flavor_id} has no extra specs with key {key}."


class MetadataItemNotFound(NotFound):
    template = "Metadata item was not found"


class TagNotFound(NotFound):
    template = "Server {server_id} has no tag '{tag}'"


class TooManyTags(BadRequest):
    template = "The number of tags exceeded the per-server limit {limit}"


class ImageMissing(NotFound):
    """As Nova says it to those who look for an image through it."""

    template = "Image not found."


class InterfaceAttachFailed(NovaLiteError):
    text_is_public = True
    template = "Failed to attach network adapter device to {server_id}: {reason}"


class InterfaceAttachCancelled(Conflict):
    """Something else that was asked of the server, like its deletion, came before it."""

    template = "Failed to attach network adapter device to {server_id}: {reason}"


class InterfaceGone(NotFound):
    """A request that is repeated asks for what it attached."""

    template = "The network adapter device that was attached to {server_id} is detached."


class InterfaceAttachLate(NovaLiteError):
    text_is_public = True
    template = ("The host of instance {server_id} did not attach the network adapter device in time. It may do so yet: "
                "look at the server's interfaces before you ask again.")


class MigrationNotFound(NotFound):
    template = "In-progress live migration {migration_id} is not found for server {server_id}."


class NotMigrating(Conflict):
    template = "Instance {server_id} is in an invalid state for '{operation}'"


class ShareNotFound(NotFound):
    template = "Share {share_id} could not be found."


class ServerGroupNotFound(NotFound):
    template = "Instance group {group_id} could not be found."


class ServerGroupLimitExceeded(Forbidden):
    template = "Quota exceeded, too many server groups."


class ServerGroupFull(Forbidden):
    template = "Quota exceeded, too many servers in group"


class ServiceNotFound(NotFound):
    template = "Service {service_id} could not be found."


class ServiceInUse(Conflict):
    template = ("Unable to delete compute service that is hosting instances. Migrate or delete the instances first.")


class HypervisorNotFound(NotFound):
    template = "Hypervisor with ID '{hypervisor_id}' could not be found."


class ActionNotFound(NotFound):
    template = "Action {request_id} not found"


class ZonePinned(Conflict):
    template = ("Cannot change pinned availability zone directly. Unpin first by setting "
                "pinned_availability_zone to null.")

class AggregateNotFound(NotFound):
    template = "Aggregate {aggregate_id} could not be found."


class AggregateNameExists(Conflict):
    template = "Aggregate {name} already exists."


class AggregateHostExists(Conflict):
    template = "Aggregate {aggregate_id} already has host {host}."


class AggregateHostNotFound(NotFound):
    template = "Cannot remove host {host} in aggregate {aggregate_id}"


class AggregateNotUpdated(BadRequest):
    """``what`` is "update" or "update metadata of"."""

    template = "Cannot {what} aggregate {aggregate_id}. Reason: {reason}."



class ZoneMismatch(Conflict):
    template = "Server can only be pinned to its current availability zone '{present}', but '{wanted}' was requested."
