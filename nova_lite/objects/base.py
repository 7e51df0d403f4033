"""The base of what crosses floors and wires: oslo.versionedobjects with nova_lite's namespace."""

from oslo_versionedobjects import base, fields

register = base.VersionedObjectRegistry.register


class Object(base.VersionedObject):
    """A versioned object.  ``make(**fields)`` builds one; an unset field raises on reading.

    Our objects carry facts and are never saved, so nothing keeps track of changes: with that, and with properties for
    fields, the library spends most of the time that many objects take to be made and sent.
    """

    OBJ_PROJECT_NAMESPACE = "nova_lite"
    OBJ_SERIAL_NAMESPACE = "nova_lite_object"

    @classmethod
    def make(cls, **values):
        made = cls()
        for name, value in values.items():
            made.__dict__[f"_obj_{name}"] = cls.fields[name].coerce(made, name, value)
        return made

    def obj_attr_is_set(self, attrname):
        if attrname not in self.fields:
            raise AttributeError(f"{self.obj_name()} has no field {attrname}")
        return f"_obj_{attrname}" in self.__dict__

    def later(self, name):
        """A field of a later release than the first, as its default where an older peer gave none."""
        return getattr(self, name) if self.obj_attr_is_set(name) else self.fields[name].default

    def obj_what_changed(self):
        return set()

    def obj_to_primitive(self, target_version=None, version_manifest=None):
        if version_manifest or target_version not in (None, self.VERSION):
            return super().obj_to_primitive(target_version, version_manifest)
        values = self.__dict__
        primitive = {name: field.to_primitive(self, name, values[key]) for name, field in self.fields.items()
                     if (key := f"_obj_{name}") in values}
        return {self._obj_primitive_key("name"): self.obj_name(),
                self._obj_primitive_key("namespace"): self.OBJ_PROJECT_NAMESPACE,
                self._obj_primitive_key("version"): self.VERSION, self._obj_primitive_key("data"): primitive}

    @classmethod
    def _obj_from_primitive(cls, context, objver, primitive):
        made = cls()
        made._context = context
        made.VERSION = objver
        found = cls._obj_primitive_field(primitive, "data")
        for name, field in cls.fields.items():
            if name in found:
                made.__dict__[f"_obj_{name}"] = field.coerce(made, name, field.from_primitive(made, name, found[name]))
        return made


class Serializer(base.VersionedObjectSerializer):
    OBJ_BASE_CLASS = Object


__all__ = ["Object", "Serializer", "fields", "register"]
