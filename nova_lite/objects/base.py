"""The base of what crosses floors and wires: oslo.versionedobjects with nova_lite's namespace."""

from oslo_versionedobjects import base, fields

register = base.VersionedObjectRegistry.register


class Object(base.VersionedObject):
    """A versioned object.  ``make(**fields)`` builds one; an unset field raises on reading."""

    OBJ_PROJECT_NAMESPACE = "nova_lite"
    OBJ_SERIAL_NAMESPACE = "nova_lite_object"

    @classmethod
    def make(cls, **values):
        return cls(None, **values)


class Serializer(base.VersionedObjectSerializer):
    OBJ_BASE_CLASS = Object


__all__ = ["Object", "Serializer", "fields", "register"]
