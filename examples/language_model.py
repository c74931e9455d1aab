"""A language model writes warriors, here one that reads them off a list.

    python examples/language_model.py

Put your own model in place of `scripted`: it gets a prompt and returns Redcode. Source that does
not assemble costs a little and changes nothing; the next prompt says what was wrong with it.
"""

import gymnasium

import coreenv  # noqa: F401  registers CoreWar-v0

BOMBER = """
bomb    DAT     0, 0
start   ADD     #3044, {target}
hit     MOV     bomb, 6
        JMP     start
        END     start
"""
DRAFTS = (
    "MOVE 0, 1",  # no such opcode
    "SPL 0\nMOV 0, 1",
    BOMBER.format(target="hits"),  # no such label
    BOMBER.format(target="hit"),
)


def scripted(prompt: str) -> str:
    """A model that reads no further than the number of the attempt."""
    return DRAFTS[int(prompt.split()[1])]


def main() -> None:
    """Let the model improve its warrior, once for every draft it has."""
    env = gymnasium.make("CoreWar-v0", action_mode="redcode", max_cycles=len(DRAFTS))
    _, info = env.reset(seed=1)
    for attempt in range(len(DRAFTS)):
        faults = "\n".join(info["errors"]) or "none"
        prompt = f"Attempt {attempt} scores {info['score']}; faults: {faults}\n{info['redcode']}"
        _, reward, _, _, info = env.step(scripted(prompt))
        print(f"score {info['score']:.3f}, reward {reward:+.3f}", *info["errors"], sep="\n  ")


if __name__ == "__main__":
    main()
