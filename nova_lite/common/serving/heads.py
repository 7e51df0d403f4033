"""What the lines of a request are: of its head, and between the chunks of its body."""

import re

INCOMPLETE, WHOLE, NONSENSE = "incomplete", "whole", "nonsense"
#: A header, (name, value).  Nothing else is one: what two servers read differently hides requests.
HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\0\r\n]*)\r\n")
#: The line before a chunk, (size in hexadecimal digits, extensions).
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;.*)?\r\n")
_LINE = re.compile(rb"[A-Z]{1,32} [^ \r\n]+ HTTP/[0-9]\.[0-9]\r?\n")
_BEGIN = re.compile(rb"[A-Z]{1,32}( |\Z)")


def look(data, limits):
    """What ``data`` is.  What is too long counts as whole: the parser names the limit to its client."""
    if data[:2] == b"\r\n":
        del data[:2]                        # some clients end a body with a line too many (RFC 9112, 2.2)
        if not data:
            return INCOMPLETE
    if not _BEGIN.match(data):
        return NONSENSE
    if data.find(b"\r\n\r\n") >= 0 or len(data) > limits.headers:
        return WHOLE
    if b"\n" in data:
        return INCOMPLETE if _LINE.match(data) and data.find(b"\n\n") < 0 else NONSENSE
    return WHOLE if len(data) > limits.line else INCOMPLETE
