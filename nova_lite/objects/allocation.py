"""What a server holds capacity of a host for."""

import enum


class Purpose(enum.StrEnum):
    HOME = "home"               # the server is there
    MOVE = "move"               # it goes there, or may go back there: the other host of its open migration
    LEFTOVER = "leftover"       # it was evacuated from there, and the host has yet to remove what it has of it
