"""How programs multiply and move: pieces of Redcode that more than one operator builds on."""

DOUBLE = "spl    $1, $0"
DOUBLE_LESS_ONE = "mov.i  $-1, $0"


def crowd(count: int) -> list[str]:
    """Lines after which ``count`` processes, at least 2, run in single file.

    SPL 1 doubles them; MOV -1, 0 turns p into 2p - 1, since the first one through makes it a
    SPL 1 for the rest.
    """
    if count == 2:
        return [DOUBLE]
    return [*crowd((count + 1) // 2), DOUBLE_LESS_ONE if count % 2 else DOUBLE]


def copier(moves: int, away: int, rest: list[str]) -> list[str]:
    """A program that copies itself ``away`` cells off, ``moves`` cells a turn, then does the rest.

    Its pointers live in the first cell behind it, `hand`; `seed` holds their initial values.
    """
    length = moves + len(rest) + 3
    hand = -(-length // moves) * moves
    return [
        f"top mov.i seed, top+{hand}",
        "loop",
        *[f"mov.i }}top+{hand}, >top+{hand}"] * moves,
        f"jmn.a loop, top+{hand}",
        *rest,
        f"seed dat {-hand}, {away - hand}",
    ]
