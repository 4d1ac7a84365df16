"""Settings dataclasses from JSON and back; what does not fit a field's type is refused by the field's name."""

import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from recommender.ml.errors import ConfigInvalid


def built(config_type: type[Any], settings: Mapping[str, Any]) -> Any:
    """Settings over the defaults, nested dataclasses as nested mappings; raises ConfigInvalid by name."""
    known = typing.get_type_hints(config_type)
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ConfigInvalid(f"{config_type.__name__} has no {', '.join(unknown)}; it has: {', '.join(known)}")
    return config_type(**{name: converted(name, known[name], value) for name, value in settings.items()})


def config_as_json(config: Any) -> dict[str, Any]:
    """The inverse of `built`, with nothing but JSON's own types."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(config).items()}


def check_choices(config: Any) -> None:
    """Raises ConfigInvalid where a setting holds none of the choices that its type lists."""
    kinds = typing.get_type_hints(type(config))
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value):
            check_choices(value)
        elif _is_choice(kinds[each.name]):
            converted(each.name, kinds[each.name], value)


def converted(name: str, kind: Any, value: Any) -> Any:
    """The value as a field of this type holds it (dataclass, choice, optional, list or plain); raises ConfigInvalid."""
    if is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise ConfigInvalid(f"{name} is a group of settings, not {value!r}")
        return built(typing.cast(type[Any], kind), value)
    if _is_choice(kind):
        return _chosen(name, typing.get_args(kind), value)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _optional(name, typing.get_args(kind), value)
    if typing.get_origin(kind) is tuple:
        return _listed(name, typing.get_args(kind)[0], value)
    return _plain(name, kind, value)


def _is_choice(kind: Any) -> bool:
    return typing.get_origin(kind) is typing.Literal


def _chosen(name: str, choices: tuple[Any, ...], value: Any) -> Any:
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return choice
    raise ConfigInvalid(f"{name} is one of {', '.join(str(choice) for choice in choices)}; not {value!r}")


def _optional(name: str, kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None:
        return None
    (kind,) = (each for each in kinds if each is not type(None))
    try:
        return converted(name, kind, value)
    except ConfigInvalid as error:
        raise ConfigInvalid(f"{error}; or nothing") from None


def _listed(name: str, kind: Any, value: Any) -> tuple[Any, ...]:
    if isinstance(value, list | tuple):
        try:
            return tuple(_plain(name, kind, item) for item in value)
        except ConfigInvalid:
            pass
    raise ConfigInvalid(f"{name} is a list of {kind.__name__}, not {value!r}")


def _plain(name: str, kind: Any, value: Any) -> Any:
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise ConfigInvalid(f"{name} is {kind.__name__}, not {value!r}")
    return kind(value)
