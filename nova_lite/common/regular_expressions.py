"""Regular expressions that users give, as google-re2 reads them.

RE2 takes time linear in the text whatever the pattern, where Python's ``re`` may take years.
"""

import functools

import re2

from nova_lite.common import exceptions

LONGEST = 255           # characters of a pattern
_MEMORY = 1 << 18       # bytes RE2 may use for one pattern


@functools.lru_cache(maxsize=256)
def compiled(pattern):
    """The RE2 object of a pattern; its ``search(text)`` ignores case, and ``.`` matches line breaks, too.

    :raises BadRequest: the pattern is longer than LONGEST characters, or is not one of RE2's: backreferences and
        looking ahead or behind are not.
    """
    if len(pattern) > LONGEST:
        raise exceptions.BadRequest(f"The regular expression '{pattern[:80]}...' is too long for a filter: it has "
                                   f"{len(pattern)} characters, and {LONGEST} are allowed.")
    try:
        return re2.compile(pattern, _options())
    except re2.error as error:
        reason = error.args[0]
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise exceptions.BadRequest(
            f"The regular expression '{pattern[:80]}' cannot be used as a filter: {reason[:120]}. Filters take the "
            "syntax of RE2, which has no backreferences and does not look ahead or behind.") from error


@functools.cache
def _options():
    made = re2.Options()
    made.case_sensitive, made.dot_nl = False, True
    made.never_capture, made.log_errors = True, False
    made.max_mem = _MEMORY
    return made
