"""`dei arena`: policies as agents of the environment."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from coreenv.config import CoreConfig, ruleset
from coreenv.corewar_v0 import parallel_env
from coreenv.hill import bundled
from coreenv.measures import Evaluation
from coreenv.redcode import Warrior, assemble
from coreenv.seeds import Domain, generator
from dei_agents.arena import BATTLES, ArenaResult, arena
from dei_agents.arena_command import command
from dei_agents.config import ConfigError
from dei_agents.policies import BUILTIN, builtin
from dei_agents.policy import CallId, Context, HaltError, MutationPolicy, Proposal
from eval.archive import Elite, Origin

FAST = replace(ruleset("nop94"), max_cycles=500)
IMP = assemble(bundled("v1").warrior("Imp").source, FAST)


@dataclass
class Scripted:
    """Proposes its lines one after another, then halts; keeps what it was told."""

    lines: list[str]
    name: str = "scripted"
    told: list[Context] = field(default_factory=list)

    def check(self, config: CoreConfig) -> None:
        pass

    def propose(self, context: Context) -> Proposal:
        self.told.append(context)
        if len(self.told) > len(self.lines):
            raise HaltError("no more lines")
        return Proposal(self.lines[len(self.told) - 1])


def four(seed: int, steps: int = 4) -> ArenaResult:
    return arena([builtin(name) for name in BUILTIN], steps=steps, seed=seed, config=FAST)


def test_it_is_an_episode_of_the_environment() -> None:
    """The same proposals, stepped through the environment by hand."""
    policies = [builtin("bomber"), builtin("tinkerer")]
    result = arena(policies, steps=3, seed=5, config=FAST)
    env = parallel_env(
        n_agents=2,
        ruleset=FAST,
        action_mode="redcode",
        max_length=100,
        max_cycles=3,
        battles=BATTLES,
    )
    env.reset(seed=5)
    warriors, paid = [IMP, IMP], [0.0, 0.0]
    for step in (1, 2, 3):
        for seat, policy in enumerate(policies):
            parent = parent_of(policy, seat, step, warriors[seat])
            rng = generator(5, Domain.CALL, seat, 1, step)
            source = policy.propose(Context(FAST, rng, parent)).source
            warriors[seat] = assemble(source, FAST)
        actions = {f"warrior_{seat}": str(warrior) for seat, warrior in enumerate(warriors)}
        _, rewards, _, _, _ = env.step(actions)
        paid = [total + reward for total, reward in zip(paid, rewards.values(), strict=True)]
    assert [s.mean_reward for s in result.standings] == pytest.approx([p / 3 for p in paid])
    assert [assemble(s.redcode, FAST) for s in result.standings] == warriors
    assert [s.length for s in result.standings] == [len(warrior) for warrior in warriors]


def parent_of(policy: MutationPolicy, seat: int, step: int, warrior: Warrior) -> Elite:
    origin = Origin(node=seat, round=1, call=step, operator=policy.name)
    return Elite(warrior, Evaluation(1.0, 0, 0), origin)


def test_same_seed_same_result() -> None:
    assert four(3) == four(3)
    assert four(3) != four(4)


def test_a_policy_is_told_what_the_environment_shows() -> None:
    suicide, sitter = "DAT 0, 0\n", "JMP 0\n"
    me, other = Scripted([sitter, sitter]), Scripted([suicide, sitter])
    arena([me, other], steps=2, seed=1, config=FAST)
    begin, after = me.told
    assert begin.parent is not None
    assert begin.parent.warrior == IMP
    assert begin.parent.fitness == pytest.approx(1)
    assert after.parent is not None
    assert after.parent.warrior == assemble(sitter, FAST)
    assert after.parent.fitness == pytest.approx(2)
    assert [o.warrior for o in after.opponents] == [assemble(suicide, FAST)]
    assert after.opponents[0].versus == (BATTLES, 0, 0)
    assert after.parent.evaluation.versus == ((BATTLES, 0, 0),)
    assert other.told[1].opponents[0].versus == (0, BATTLES, 0)
    assert (after.call, other.told[0].call) == (CallId(0, 1, 2), CallId(1, 1, 1))


def test_source_that_does_not_assemble_costs_and_changes_nothing() -> None:
    result = arena([Scripted(["JUMP 0\n"]), Scripted(["MOV 0, 1\n"])], steps=1, seed=1, config=FAST)
    bad, good = result.standings
    assert (bad.rejected, good.rejected) == (1, 0)
    assert good.mean_reward - bad.mean_reward == pytest.approx(0.1)
    assert (bad.wins, good.wins) == (0, 1)
    assert assemble(bad.redcode, FAST) == IMP


def test_a_policy_that_halts_keeps_its_warrior() -> None:
    quitter = Scripted(["JMP 0\n"])
    result = arena([quitter, builtin("bomber")], steps=3, seed=1, config=FAST)
    assert result.steps == 3
    assert [s.halted for s in result.standings] == ["no more lines", ""]
    assert assemble(result.standings[0].redcode, FAST) == assemble("JMP 0\n", FAST)
    assert len(quitter.told) == 2


def test_the_result_so_far_is_told_after_each_step() -> None:
    told: list[ArenaResult] = []
    policies = [builtin("bomber"), builtin("scanner")]
    result = arena(policies, steps=3, seed=1, config=FAST, on_step=told.append)
    assert [so_far.steps for so_far in told] == [1, 2, 3]
    assert told[-1] == result
    assert sum(s.mean_reward for s in told[0].standings) <= 2 + 1e-9


def test_the_command_prints_a_table_or_json_and_writes_warriors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names, out = "bomber, scanner,replicator,tinkerer", tmp_path / "new" / "folder"
    assert command(names, steps=2, seed=1, out=out, as_json=True) == 0
    printed = capsys.readouterr()
    result = ArenaResult.model_validate(json.loads(printed.out))
    assert f"warriors: {out}\n" in printed.err
    for standing in result.standings:
        text = (out / f"{standing.agent}.red").read_text()
        assert assemble(text, ruleset("nop94")) == assemble(standing.redcode, ruleset("nop94"))
    assert command(names, steps=2, seed=1) == 0
    rows = capsys.readouterr().out.splitlines()
    shown = [row.split()[:3] for row in rows if "warrior_" in row]
    best = sorted(result.standings, key=lambda s: -s.mean_reward)
    assert shown == [[s.agent, s.operator, f"{s.mean_reward:.3f}"] for s in best]


@pytest.mark.parametrize(
    ("names", "arguments", "told"),
    [
        ("bomber,bumber", {}, "bomber, replicator, scanner, tinkerer"),
        ("bomber", {}, "n_agents is 1"),
        (",".join(["bomber"] * 81), {}, "fewer warriors"),
        ("bomber,scanner", {"steps": 0}, "steps is 0"),
        ("bomber,scanner", {"rules": "nop95"}, "nop94, draft94"),
        ("bomber,scanner", {"rules": "icws88"}, "standard '94'"),
    ],
)
def test_bad_input_is_named(names: str, arguments: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        command(names, **{"steps": 2, "seed": 1, **arguments})  # type: ignore[arg-type]


def test_policies_are_told_that_the_environment_has_no_p_space() -> None:
    reader = Scripted(["LDP 0, 0\n"])
    rules = replace(ruleset("draft94"), max_cycles=500)
    result = arena([reader, builtin("bomber")], steps=1, seed=1, config=rules)
    assert reader.told[0].config == replace(rules, pspace_size=0)
    assert result.standings[0].rejected == 1
