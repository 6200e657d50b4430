"""The typed values here are those of the contracts' interface, name by name."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from dragon_ledger.chain import events, states
from dragon_ledger.chain.abi import flatten
from dragon_ledger.chain.artifacts import ContractCall, artifact, error_types
from dragon_ledger.chain.events import EVENTS, ChainEvent
from dragon_ledger.chain.network import CONTRACTS
from dragon_ledger.chain.refusals import decode_refusal
from dragon_ledger.chain.words import WORDS
from dragon_ledger.errors import InputError

STRUCTS = [
    ("Consortium", "organisation", states.OrganisationState),
    ("Consortium", "rootProposal", states.RootProposalState),
    ("Consortium", "enrolment", states.EnrolmentState),
    ("Consortium", "account", states.AccountState),
    ("Consortium", "ruleSet", states.RuleSetState),
    ("DatasetRegistry", "version", states.VersionState),
    ("TrainingLedger", "run", states.RunState),
    ("TrainingLedger", "round", states.RoundState),
    ("ModelRegistry", "getRelease", states.ReleaseState),
]


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def names(kind: type) -> list[str]:
    return [field.name.rstrip("_") for field in fields(kind)]


@pytest.mark.parametrize(("contract", "function", "state"), STRUCTS)
def test_a_state_has_the_fields_of_its_struct(contract: str, function: str, state: type) -> None:
    entries = artifact(contract).entries("function")
    entry = next(entry for entry in entries if entry["name"] == function)
    assert names(state) == [snake(member.name) for member in flatten(entry["outputs"])]


def test_every_event_of_the_contracts_is_typed_and_no_other() -> None:
    published = {
        (contract, entry["name"])
        for contract in CONTRACTS
        for entry in artifact(contract).entries("event")
    }
    assert {(event.contract, event.__name__) for event in EVENTS} == published


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_an_event_has_the_fields_of_its_interface(event: type[ChainEvent]) -> None:
    entries = artifact(event.contract).entries("event")
    entry = next(entry for entry in entries if entry["name"] == event.__name__)
    expected = [snake(parameter.name) for parameter in flatten(entry["inputs"])]
    if event is events.RunOpened:  # the plan is a topic, and stands in the opening again
        expected[expected.index("plan", 3)] = "opening_plan"
    assert names(event) == ["position", *expected]


def test_indexed_fields_stand_first_in_every_event() -> None:
    for contract in CONTRACTS:
        for entry in artifact(contract).entries("event"):
            indexed = [parameter["indexed"] for parameter in entry["inputs"]]
            assert indexed == sorted(indexed, reverse=True), entry["name"]


def test_every_error_of_the_contracts_has_words_with_its_values() -> None:
    for error in error_types().values():
        used = set(re.findall(r"{(\w+)}", WORDS[error.name]))
        assert used <= {parameter.name for parameter in error.inputs}, error.name
    assert set(WORDS) == {error.name for error in error_types().values()}


@pytest.mark.parametrize("selector", error_types(), ids=lambda s: error_types()[s].name)
def test_every_error_is_decoded_with_its_values_and_reads_as_a_sentence(selector: bytes) -> None:
    error = error_types()[selector]
    data = selector + b"".join(bytes(31) + bytes([place + 1]) for place in range(len(error.inputs)))
    refused = decode_refusal(data)
    assert refused.name == error.name
    assert list(refused.values) == [parameter.name for parameter in error.inputs]
    assert str(refused).endswith(".")
    assert "{" not in str(refused)


def test_what_is_no_error_of_the_contracts_is_shown_as_it_is() -> None:
    panic = bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big")
    assert decode_refusal(panic).values == {"code": 0x11}
    text = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"no"
    assert "no" in str(decode_refusal(text))
    assert decode_refusal(b"\x01\x02").name == "Unknown"
    truncated = next(key for key, error in error_types().items() if error.inputs)
    assert decode_refusal(truncated).name == "Unknown"


def test_a_value_that_does_not_fit_is_refused_with_its_name() -> None:
    with pytest.raises(InputError, match=r"Consortium\.acceptRoot: id: .*8 bits"):
        ContractCall("Consortium", "acceptRoot", (256,)).encode()
    with pytest.raises(InputError, match=r"0 items when 1 were expected"):
        ContractCall("Consortium", "acceptRoot", ()).encode()
    with pytest.raises(InputError, match=r"proposeAdmin: proposed: Value `b'short'`"):
        ContractCall("Consortium", "proposeAdmin", (b"short",)).encode()


@pytest.mark.parametrize("digest", [b"\1" * 31, b"\1" * 33])
def test_a_digest_of_another_length_is_never_padded(digest: bytes) -> None:
    with pytest.raises(InputError, match="bytes32"):
        ContractCall("DatasetRegistry", "version", (digest,)).encode()


def test_no_function_name_is_overloaded() -> None:
    for contract in CONTRACTS:
        listed = [entry["name"] for entry in artifact(contract).entries("function")]
        assert len(listed) == len(set(listed))
