"""The version of the rules: whatever makes a row what it is must be part of it."""

import re

from services.transformer.version import rules, rules_version

OF_NO_ROW = {"shared.landing", "services.transformer.merge", "services.transformer.seen"}
"""How a row lies in a batch and in the database, not what it says."""


def test_every_module_that_the_rules_import_is_among_them():
    names = {file.name.removesuffix(".py") for file in rules()}
    imported = set()
    for file in rules():
        for module, given in re.findall(r"^from ((?:services|shared)\S+) import (.+)$", file.read_text(), re.MULTILINE):
            imported |= (
                {module} if module != "services.transformer.tidy" else {f"x.{name}" for name in given.split(", ")}
            )
    assert {module for module in imported - OF_NO_ROW if module.split(".")[-1] not in names} == set()
    assert "shared.contracts.notion_values" in imported


def test_the_same_rules_have_the_same_version():
    assert rules_version() == rules_version()
    assert re.fullmatch(r"[0-9a-f]{64} orjson \S+ pandas \S+ unicode \S+", rules_version())
