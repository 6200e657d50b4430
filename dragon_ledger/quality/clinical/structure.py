"""Check 11, the tables' form: variables, their types, lengths and labels, DOMAIN and STUDYID."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources

import polars as pl

from dragon_ledger.quality.clinical.missing import is_number, name_in
from dragon_ledger.quality.clinical.reporting import Question, Reporter, finding, shown
from dragon_ledger.quality.clinical.table import Table
from dragon_ledger.quality.findings import Finding
from dragon_ledger.quality.rules import DomainRule, VariableRule

_VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
_ADVISED = {"DD": ("DOMAIN", "DDSEQ")}  # required by the implementation guide, not in Table 9
_FORM_ODDITIES = ("variable-spelling", "variable-twice", "variable-unnamed", "padding")
LONGEST_TEXT = 200


def check_structure(table: Table, domain: DomainRule) -> list[Finding]:
    """Findings about one table's form."""
    reporter = Reporter(table)
    odd = [each for each in table.oddities if each.code in _FORM_ODDITIES]
    return [
        *(reporter.odd(f"sdtm.{each.code}", each) for each in odd),
        *_absent(table, domain, reporter),
        *_names(table, domain, reporter),
        *_types(table, domain, reporter),
        *_stored_types(table, domain, reporter),
        *_lengths(table, domain, reporter),
        *_labels(table, reporter),
        *_domain(table, reporter),
    ]


def check_study(tables: Iterable[Table]) -> list[Finding]:
    """A note when a transfer joins several studies."""
    studies: set[str] = set()
    for table in tables:
        if table.has("STUDYID"):
            studies |= set(table.frame.get_column("STUDYID").drop_nulls().unique())
    if len(studies) <= 1:
        return []
    return [finding("sdtm.study-differs", f"{len(studies)} studies", column="STUDYID")]


def _absent(table: Table, domain: DomainRule, reporter: Reporter) -> list[Finding]:
    listed = [rule.name for rule in domain.variables if name_in(table, rule) is None]
    advised = [name for name in _ADVISED.get(domain.code, ()) if not table.has(name)]
    return [
        reporter.about(code, column=name, table=domain.table)
        for code, names in (("sdtm.variable-absent", listed), ("sdtm.variable-advised", advised))
        for name in names
    ]


def _names(table: Table, domain: DomainRule, reporter: Reporter) -> list[Finding]:
    accepted = {name for rule in domain.variables for name in (rule.name, *rule.alternatives)}
    return [
        reporter.about("sdtm.variable-name", column=name)
        for name in table.variables
        if name not in accepted and not _VARIABLE_NAME.fullmatch(name)
    ]


def _rules(table: Table, domain: DomainRule) -> list[tuple[str, VariableRule]]:
    named = [(name_in(table, rule), rule) for rule in domain.variables]
    return [(name, rule) for name, rule in named if name is not None]


def numeric_variables(table: Table, domain: DomainRule) -> list[str]:
    """The table's variables that hold numbers: the listed ones, and --SEQ."""
    names = [name for name, rule in _rules(table, domain) if rule.type == "Num"]
    sequence = table.name_of("--SEQ")
    return [*names, sequence] if table.has(sequence) and sequence not in names else names


def _types(table: Table, domain: DomainRule, reporter: Reporter) -> list[Finding]:
    return reporter.answers(
        Question("sdtm.type", pl.col(name).is_not_null() & ~is_number(name), name)
        for name in numeric_variables(table, domain)
    )


def _stored_types(table: Table, domain: DomainRule, reporter: Reporter) -> list[Finding]:
    return [
        reporter.about("sdtm.stored-type", f"stored as {table.kinds[name]}", column=name,
                       kind=rule.type)
        for name, rule in _rules(table, domain)
        if table.kinds.get(name, rule.type) != rule.type
    ]  # fmt: skip


def _lengths(table: Table, domain: DomainRule, reporter: Reporter) -> list[Finding]:
    stated = {name: rule.length for name, rule in _rules(table, domain)}
    numbers = numeric_variables(table, domain)
    limits = {
        name: stated.get(name) or LONGEST_TEXT for name in table.variables if name not in numbers
    }
    return reporter.answers(
        Question(
            "sdtm.length",
            pl.col(name).str.len_chars() > limit,
            name,
            particulars={"length": limit},
        )
        for name, limit in limits.items()
    )


def _labels(table: Table, reporter: Reporter) -> list[Finding]:
    wanted = labels().get(table.domain, {})
    return [
        reporter.about("sdtm.label", shown(label), column=name)
        for name, label in table.labels.items()
        if name in wanted and label.rstrip(".").casefold() != wanted[name].casefold()
    ]


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """Labels of the listed variables by domain and variable."""
    file = resources.files("dragon_ledger.quality.clinical") / "labels.toml"
    return tomllib.loads(file.read_text("utf-8"))


def _domain(table: Table, reporter: Reporter) -> Sequence[Finding]:
    if not table.has("DOMAIN"):
        return []
    wrong = pl.col("DOMAIN") != table.domain
    return reporter.rows("sdtm.domain", wrong, "DOMAIN", domain=table.domain)
