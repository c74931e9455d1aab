"""The bundled hill is what its manifest says, and a hill that is not gets caught."""

import pickle
import re
import shutil
from collections import Counter
from importlib.resources import as_file
from pathlib import Path

import pytest

from coreenv.config import ruleset
from coreenv.hill import MANIFEST, Hill, HillError, bundled, open_hill
from coreenv.redcode.instruction import Opcode

README = Path(__file__).parents[2] / "coreenv/hills/v1/README.md"

CLASSES = {
    "bomber",
    "clear",
    "imp",
    "one-shot",
    "paper",
    "paper-stone",
    "quick-scanner",
    "scanner",
    "stone-imp",
    "vampire",
}


@pytest.fixture(scope="module")
def hill() -> Hill:
    return bundled("v1")


@pytest.fixture
def copy(hill: Hill, tmp_path: Path) -> Path:
    """A hill to spoil."""
    with as_file(hill.folder) as folder:
        return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_every_member_is_the_program_of_the_manifest(hill: Hill) -> None:
    hill.verify()


def test_every_member_fits_the_ruleset_and_says_how_it_works(hill: Hill) -> None:
    config = ruleset("nop94")
    assert hill.ruleset == "nop94"
    for member in hill.members:
        warrior = hill.warrior(member.name)
        assert len(warrior) <= config.max_length, member.name
        assert warrior.strategy, f"{member.name} has no ;strategy"
        assert not {i.opcode for i in warrior.instructions} & {Opcode.LDP, Opcode.STP}
        assert (member.author, member.source) == ("corewar-dei", "own")


def test_every_file_of_the_folder_is_a_member(hill: Hill) -> None:
    files = {entry.name for entry in hill.folder.iterdir() if entry.name.endswith(".red")}
    assert files == {member.file for member in hill.members}


def test_each_class_is_in_both_splits(hill: Hill) -> None:
    assert len(hill.members) >= 48
    assert {member.warrior_class for member in hill.members} == CLASSES
    dev = Counter(member.warrior_class for member in hill.split("dev"))
    test = Counter(member.warrior_class for member in hill.split("test"))
    assert min(dev[c] for c in CLASSES) >= 1
    assert min(test[c] for c in CLASSES) >= 3
    assert len(hill.split("dev")) + len(hill.split("test")) == len(hill.members)


def test_no_family_and_no_program_straddles_the_splits(hill: Hill) -> None:
    splits = [{m.family for m in hill.split("dev")}, {m.family for m in hill.split("test")}]
    assert not splits[0] & splits[1]
    assert len({member.id for member in hill.members}) == len(hill.members)


@pytest.mark.parametrize(("key", "count"), [("common_opponents", 8), ("quick_opponents", 4)])
def test_search_opponents_are_dev_members_of_different_classes(
    hill: Hill, key: str, count: int
) -> None:
    members = [hill.member(name) for name in getattr(hill, key)]
    assert len({member.warrior_class for member in members}) == len(members) == count
    assert {member.split for member in members} == {"dev"}


def test_a_search_starts_against_the_plain_imp(hill: Hill) -> None:
    (imp,) = hill.warriors(hill.initial_opponents)
    assert hill.member(hill.initial_opponents[0]).file == "imp.red"
    assert [str(i) for i in imp.instructions] == ["MOV.I $0,$1"]


def test_the_manifest_round_trips(hill: Hill, copy: Path) -> None:
    (copy / MANIFEST).write_text(hill.to_toml(), encoding="utf-8")
    again = Hill.load(copy)
    assert again == hill
    assert again.rehashed() == hill
    assert again.hash == hill.hash


def test_the_manifest_in_the_package_is_the_written_form(hill: Hill) -> None:
    assert (hill.folder / MANIFEST).read_text(encoding="utf-8") == hill.to_toml()


def test_the_published_table_is_of_this_hill(hill: Hill) -> None:
    text = README.read_text(encoding="utf-8")
    assert hill.hash[:16] in text, "measure it anew: corewar-eval hill measure --update README"
    assert all(f"| {member.name} |" in text for member in hill.members)


def test_the_readme_counts_and_names_the_members(hill: Hill) -> None:
    text = README.read_text(encoding="utf-8")
    for split in ("dev", "test"):
        assert f"- **{split}** ({len(hill.split(split))}" in text
    for kind in CLASSES:
        (row,) = re.findall(rf"^\| {kind} \|.*\| ([A-Z].*) \|$", text, re.MULTILINE)
        dev, test = ([m for m in hill.split(s) if m.warrior_class == kind] for s in ("dev", "test"))
        assert row == "; ".join(", ".join(m.name for m in side) for side in (dev, test))


def test_a_member_is_assembled_once(copy: Path) -> None:
    hill = Hill.load(copy)
    hill.verify()
    (copy / "imp.red").unlink()
    assert hill.warrior("Imp") is hill.warriors(["Imp"])[0]


def test_files_are_read_in_the_encoding_of_the_manifest(copy: Path) -> None:
    (copy / "imp.red").write_bytes(
        b";name Imp\n;author corewar-dei\n;strategy caf\xe9\nMOV.I 0, 1\n"
    )
    with pytest.raises(HillError, match=r"Imp: imp\.red does not assemble: .*E_ENCODING"):
        Hill.load(copy).verify()
    text = (copy / MANIFEST).read_text(encoding="utf-8")
    (copy / MANIFEST).write_text(text.replace('encoding = "utf-8"', 'encoding = "latin-1"'))
    Hill.load(copy).verify()
    assert Hill.load(copy).warrior("Imp").strategy == "caf\xe9"


def test_a_hill_opens_by_name_or_by_folder(hill: Hill, copy: Path) -> None:
    assert open_hill("v1") == open_hill(str(copy)) == hill
    (copy / MANIFEST).unlink()
    with pytest.raises(ValueError, match=r"copy has no hill\.toml; write one with: .* hill add"):
        open_hill(str(copy))


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('split = "dev"', 'split = "holdout"', False),
        ('class = "clear"', 'class = "paper"', False),
        ("engine = ", "engine = 1", False),
        ('family = "scythe"', 'family = "mower"', True),
        ('version = "v1"', 'version = "v2"', True),
    ],
)
def test_the_hash_follows_what_can_change_a_result(
    hill: Hill, copy: Path, old: str, new: str, same: bool
) -> None:
    text = (copy / MANIFEST).read_text(encoding="utf-8")
    head, last = text.rsplit(old, 1)  # the last one is in nobody's list of opponents
    (copy / MANIFEST).write_text(head + new + last, encoding="utf-8")
    assert (Hill.load(copy).hash == hill.hash) is same


def test_the_hash_follows_the_order(hill: Hill, copy: Path) -> None:
    head, first, second, *rest = (copy / MANIFEST).read_text().split("[[members]]")
    (copy / MANIFEST).write_text("[[members]]".join([head, second, first, *rest]))
    assert Hill.load(copy).hash != hill.hash


def test_a_changed_file_is_named_with_both_hashes(hill: Hill, copy: Path) -> None:
    source = copy / "imp.red"
    source.write_text(source.read_text().replace("0, 1", "0, 2"))
    changed = Hill.load(copy)
    with pytest.raises(HillError, match=r"Imp: imp\.red: id is ") as caught:
        changed.verify()
    assert len(caught.value.faults) == 1
    assert hill.member("Imp").id in str(caught.value)
    assert changed.rehashed().member("Imp").id in str(caught.value)
    with pytest.raises(HillError, match="Imp"):
        changed.warrior("Imp")


def test_a_comment_does_not_change_a_member(copy: Path) -> None:
    source = copy / "imp.red"
    source.write_text(source.read_text() + "; a remark\n")
    Hill.load(copy).verify()


def test_verify_names_every_fault_at_once(copy: Path) -> None:
    (copy / "imp.red").write_text("MOV.I 0, nowhere\n")
    (copy / "broom.red").unlink()
    pebble = copy / "pebble.red"
    pebble.write_text(pebble.read_text().replace(";name Pebble", ";name Boulder"))
    with pytest.raises(HillError) as caught:
        Hill.load(copy).verify()
    imp, pebble_fault, broom = sorted(caught.value.faults, key=lambda f: "IPB".index(f[0]))
    assert "Imp: imp.red does not assemble: line 1" in imp
    assert "Pebble: pebble.red: name is Boulder; the manifest has Pebble" in pebble_fault
    assert "Broom: cannot read broom.red" in broom
    assert pickle.loads(pickle.dumps(caught.value)).faults == caught.value.faults


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('split = "dev"', 'split = "train"', "split is 'train'; it must be one of dev, test"),
        ('name = "Scythe"', 'name = "Broom"', "name 'Broom' occurs 2 times"),
        ('family = "scythe"', 'family = "broom"', "family 'broom' straddles the splits dev, test"),
        ('"Imp"]', '"Scythe"]', "initial_opponents: 'Scythe' is no member of the dev split"),
        ('encoding = "utf-8"', 'encoding = "ascii"', "'ascii'; it must be one of utf-8, latin-1"),
        ('name = "Scythe"', r'name = "\u001b[2J"', "no control characters"),
        ('ruleset = "nop94"', 'ruleset = "nop95"', "ruleset is 'nop95'; it must be one of nop94"),
        ('family = "scythe"', 'tribe = "scythe"', r"hill\.toml: .*'tribe'"),
        ("engine = 1\n", "", r"hill\.toml: .*'engine'"),
        ("[[members]]", "[[members", r"hill\.toml: "),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(
    copy: Path, old: str, new: str, fault: str
) -> None:
    text = (copy / MANIFEST).read_text(encoding="utf-8")
    assert old in text
    (copy / MANIFEST).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=fault):
        Hill.load(copy)


def test_who_is_unknown_is_told_who_is_known(hill: Hill) -> None:
    with pytest.raises(KeyError, match=r"'Nobody' is no member of hill .*Imp"):
        hill.member("Nobody")
    with pytest.raises(ValueError, match=r"'v0'; it must be one of v1"):
        bundled("v0")
