"""Which values the variables of a dashboard have when Grafana opens it: given, chosen in the file, or asked for.

Source: @grafana/scenes, `MultiValueVariable.validateAndUpdate` and `QueryVariable`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.core.errors import PrometheusError
from harness.monitoring.dashboards import formats, variable_query
from harness.monitoring.dashboards.board import ALL, PROMETHEUS, Variable
from harness.monitoring.dashboards.intervals import Steps, read_ms
from harness.monitoring.dashboards.variable_query import Ask

REFERENCE = re.compile(r"\$(\w+)|\$\{(\w+)(?:\.([^:}]+))?(?::([^}]+))?\}|\[\[(\w+)(?::(\w+))?\]\]")
"""A variable in a text (`variableRegex`)."""
AUTO = "$__auto"
"""How the value of an interval that follows the time range begins."""
MOST_TEXT = 4_000
"""Characters of all values of a variable that are written one by one; longer queries do not fit into a URL."""
_OPTION = re.compile(r"(?:\\,|[^,])+")
_NAMED_OPTION = re.compile(r"(.+?)(?:\s:\s(.+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Values:
    """What a variable has: an empty text is a value, too."""

    values: tuple[str, ...]
    several: bool = False
    """It stands in a regular expression."""
    pattern: str = ""
    """What stands for all values; empty: the values themselves."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable whose value is not known."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"variable ${self.name} has no value: {self.why}; give it one with --var {self.name}=VALUE"


@dataclass(frozen=True, slots=True)
class Resolver:
    """The variables of one dashboard, each looked for once."""

    variables: Mapping[str, Variable]
    given: Mapping[str, Values]
    """Values that come before those of the dashboard."""
    ask: Ask | None
    """None where there is nobody to ask."""
    steps: Steps
    """Those of a query without any of its own."""
    title: str = ""
    _found: dict[str, Values | Unknown] = field(default_factory=dict)

    def values(self, name: str, path: tuple[str, ...] = ()) -> Values | Unknown | None:
        """What a variable has; None for a name that is no variable's. `path` are those that need it."""
        if name in self.given:
            return self.given[name]
        if name not in self.variables:
            return None
        if name in path:
            names = " -> ".join(f"${each}" for each in (*path[path.index(name) :], name))
            return Unknown(name, f"it needs itself: {names}")
        if name not in self._found:
            found = self._resolve(self.variables[name], (*path, name))
            if isinstance(found, Unknown) and found.name in path:
                return found  # a circle that another variable closes; asked from outside it, this one is named
            self._found[name] = found
        return self._found[name]

    def filled(
        self,
        text: str,
        steps: Steps,
        *,
        own: Mapping[str, str] | None = None,
        path: tuple[str, ...] = (),
    ) -> str | Unknown:
        """A text with its variables filled in; those in `own` have one value. What is no variable stays as it is."""
        unknown: list[Unknown] = []

        def fill(match: re.Match[str]) -> str:
            name, format_ = match[1] or match[2] or match[5], match[4] or match[6] or ""
            found = Values((own[name],), self._several(name)) if own and name in own else self.values(name, path)
            if isinstance(found, Unknown):
                unknown.append(found)
                return match[0]
            if found is None:
                return match[0]
            written = _formatted(name, found, format_)
            if written is None:
                unknown.append(Unknown(name, f"the format of {match[0]} is unknown"))
                return match[0]
            return written

        filled = REFERENCE.sub(fill, text)
        return unknown[0] if unknown else REFERENCE.sub(lambda match: self._built_in(match, steps), filled)

    def _several(self, name: str) -> bool:
        return name in self.variables and self.variables[name].several

    def _built_in(self, match: re.Match[str], steps: Steps) -> str:
        name, format_ = match[1] or match[2] or match[5], match[4] or match[6] or ""
        if name.startswith(AUTO[1:]):
            variable = self.variables.get(name.removeprefix("__auto_interval_"))
            if variable is None or variable.kind != "interval":
                return f"{steps.interval_ms}ms"
            return f"{steps.divided_ms(variable.steps, read_ms(variable.least_step))}ms"
        if name in ("__dashboard", "dashboard"):
            return self.title if name.startswith("__") else match[0]
        found = steps.value(name, format_)
        return match[0] if found is None else found

    def _resolve(self, variable: Variable, path: tuple[str, ...]) -> Values | Unknown:
        match variable.kind:
            case "query":
                return self._of_query(variable, path)
            case "custom" | "interval":
                return self._of_list(variable, path)
            case "textbox" | "constant":
                chosen = variable.chosen if variable.chosen is not None else (variable.query.strip(),)
                return Values(chosen or ("",))
            case _ if variable.chosen is not None and variable.chosen != ("",):
                return Values(variable.chosen, variable.several)
            case _:
                return Unknown(variable.name, f"the file has none for a variable of the kind {variable.kind!r}")

    def _of_list(self, variable: Variable, path: tuple[str, ...]) -> Values | Unknown:
        written = self.filled(variable.query, self.steps, path=path) if variable.kind == "custom" else variable.query
        if isinstance(written, Unknown):
            return written
        chosen, options = variable.chosen, listed(written)
        if variable.kind == "interval":
            first = chosen[0] if chosen and chosen[0] else next(iter(options), "")
            is_auto = first == "auto" or first.startswith(AUTO)
            return Values((f"${{__auto_interval_{variable.name}}}" if is_auto else first,))
        if not any((chosen, options, variable.all_value)):
            return Unknown(variable.name, "it lists none")
        return _chosen(variable, options, chosen)

    def _of_query(self, variable: Variable, path: tuple[str, ...]) -> Values | Unknown:
        chosen = variable.chosen
        kept = chosen is not None and not variable.asked_anew
        if kept and chosen is not None and (ALL not in chosen or variable.options or variable.all_value):
            return _chosen(variable, variable.options or chosen, chosen)
        options = self._asked(variable, path)
        if not isinstance(options, Unknown):
            return _chosen(variable, options, chosen)
        if chosen is None or ALL in chosen:
            if not variable.includes_all:
                return options
            if self.ask is None or variable.all_value:
                return Values(variable.options, variable.several, variable.all_value or ".*")
            return options
        return Values(chosen, variable.several) if chosen != ("",) or kept else options

    def _asked(self, variable: Variable, path: tuple[str, ...]) -> tuple[str, ...] | Unknown:
        """What the variable offers, by its query."""
        if variable.data_source not in (None, PROMETHEUS):
            return Unknown(variable.name, f"its query asks {variable.data_source}, not Prometheus")
        written, regex = (self.filled(each, self.steps, path=path) for each in (variable.query, variable.regex))
        for each in (written, regex):
            if isinstance(each, Unknown):
                return each
        question = variable_query.question(str(written))
        if question is None:
            return Unknown(variable.name, "it has no query")
        if self.ask is None:
            return Unknown(variable.name, f"nobody was asked {written}")
        try:
            return variable_query.values(self.ask(question), str(regex), variable.order)
        except PrometheusError as error:
            return Unknown(variable.name, f"{written} was asked in vain ({error})")
        except ValueError as error:
            return Unknown(variable.name, str(error))


def listed(written: str) -> tuple[str, ...]:
    r"""What a variable that lists its values offers: `GET, POST` or `shown : value`, with a comma in one as `\,`."""
    parts = (part.strip() for part in _OPTION.findall(written))
    named = (_NAMED_OPTION.fullmatch(part) for part in parts if part)
    return tuple((each[2] if each[2] is not None else each[0]).strip().replace("\\,", ",") for each in named if each)


def _chosen(variable: Variable, options: tuple[str, ...], chosen: tuple[str, ...] | None) -> Values:
    """What Grafana chooses of what a variable offers: what was chosen as far as it is offered, else the first."""
    kept = tuple(each for each in chosen or () if each in options or each == ALL)
    if variable.includes_all and (not kept or ALL in kept):
        pattern = variable.all_value or (".*" if sum(map(len, options)) > MOST_TEXT else "")
        return Values(options or ("",), variable.several, pattern)
    kept = tuple(each for each in kept if each != ALL)
    if not kept and chosen and variable.kind == "custom" and chosen != ("",):
        kept = chosen  # a value of one's own
    return Values(kept or options[:1] or ("",), variable.several)


def _formatted(name: str, found: Values, format_: str) -> str | None:
    """A variable's text; None when the format is not known."""
    if found.pattern:
        return found.pattern
    if not format_:
        return formats.plain(found.values, several=found.several)
    write: Callable[..., str] | None = formats.FORMATS.get(format_.partition(":")[0])
    return None if write is None else write(name, found.values)
