"""What a flavor and an image say of a guest's hardware, side by side."""

import dataclasses

from oslo_utils import strutils

from nova_lite.common import exceptions


@dataclasses.dataclass(frozen=True)
class Requirements:
    """:ivar specs: the flavor's extra specs.  :ivar properties: the image's; both {name: text}."""

    vcpus: int
    memory_mb: int
    specs: dict = dataclasses.field(default_factory=dict)
    properties: dict = dataclasses.field(default_factory=dict)
    flavor_name: str = ""
    image_name: str = ""
    image_id: str = ""

    @classmethod
    def of(cls, flavor, image):
        """Those of a flavor as servers keep it (a dict) and of an image (objects.Image)."""
        return cls(flavor["vcpus"], flavor["memory_mb"], flavor["extra_specs"], image.properties, flavor["name"],
                   image.name or "", image.id)

    @classmethod
    def of_server(cls, server, flavor):
        """Those of a server's row with a flavor (a dict), its own or another."""
        return cls(flavor["vcpus"], flavor["memory_mb"], flavor["extra_specs"], server.image_properties,
                   flavor["name"], image_id=server.image_id or "")

    @property
    def any(self):
        """Whether anything is asked for at all; most servers ask for nothing."""
        return bool(self.specs or self.properties)

    def both(self, name):
        """What the flavor ("hw:name") and the image ("hw_name") say; None: nothing."""
        return self.specs.get(f"hw:{name}"), self.properties.get(f"hw_{name}")

    def either(self, name, default=None):
        """What the image says, else the flavor."""
        flavor, image = self.both(name)
        return next((each for each in (image, flavor) if each is not None), default)

    def flag(self, name, default=False):
        """``either`` as a truth."""
        return strutils.bool_from_string(self.either(name, default))

    def agreed(self, name, *, named=True):
        """True, False or None (not said), where both must say the same.

        :param named: whether the refusal names the flavor and image.
        :raises BadRequest: they do not.
        """
        flavor, image = (None if each is None else strutils.bool_from_string(each) for each in self.both(name))
        if None not in (flavor, image) and flavor != image:
            whose, which = (f" {self.flavor_name}", f" {self.image_name}") if named else ("", "")
            raise exceptions.BadRequest(
                f"Flavor{whose} has hw:{name} extra spec explicitly set to {flavor}, conflicting with image{which} "
                f"which has hw_{name} explicitly set to {image}.")
        return flavor if image is None else image

    def encrypted(self):
        """Whether the guest's memory is to be encrypted.  :raises BadRequest: with what cannot go together."""
        flavor, image = (None if each is None else strutils.bool_from_string(each)
                         for each in self.both("mem_encryption"))
        if None not in (flavor, image) and flavor != image:
            raise exceptions.BadRequest(
                f"Flavor {self.flavor_name} has hw:mem_encryption extra spec explicitly set to "
                f"{str(flavor).lower()}, conflicting with image {self.image_name} which has hw_mem_encryption property "
                f"explicitly set to {image}")
        if not (flavor or image):
            return False
        who = " and ".join(text for asked, text in (
            (flavor, f"hw:mem_encryption extra spec in {self.flavor_name} flavor"),
            (image, f"hw_mem_encryption property of image {self.image_id}")) if asked)
        if self.properties.get("hw_firmware_type") != "uefi":
            raise exceptions.BadRequest(f"Memory encryption is requested by {who} but the image metadata doesn't have "
                                       "the 'hw_firmware_type' property set to 'uefi'")
        machine = self.properties.get("hw_machine_type")
        if machine is not None and "q35" not in machine:
            raise exceptions.BadRequest(f"Machine type '{machine}' is not compatible with image {self.image_name} "
                                       f"({self.image_id}): q35 type is required for amd-sev to work")
        return True
