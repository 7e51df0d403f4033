"""Bounds of time as lists are filtered by: in whole seconds, as moments are shown; what is shown finds its row."""

import datetime

import sqlalchemy as sa

_SECOND = datetime.timedelta(seconds=1)


def since(column, moment):
    """SQL: ``column`` is within the second of ``moment`` (naive UTC) or after it."""
    return column >= moment.replace(microsecond=0)


def before(column, moment):
    """SQL: ``column`` is within the second of ``moment`` or before it."""
    return column < _after(moment)


def _after(moment):
    whole = moment.replace(microsecond=0)
    return whole + _SECOND if whole < datetime.datetime.max - _SECOND else datetime.datetime.max


def compared(column, operator, moment):
    """SQL: the second of ``column`` compared with that of ``moment``; operators eq, neq, gt, gte, lt, lte."""
    start, end = moment.replace(microsecond=0), _after(moment)
    return {
        "eq": sa.and_(column >= start, column < end), "neq": sa.or_(column < start, column >= end),
        "gt": column >= end, "gte": column >= start, "lt": column < start, "lte": column < end}[operator]
