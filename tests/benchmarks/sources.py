"""A source to measure the assembler on."""


def typical_source() -> str:
    """A hundred lines with labels, EQU, FOR and comments."""
    lines = [";redcode", ";name typical", "step equ 3039", "gap equ (step*2-7)"]
    for i in range(28):
        lines += [f"p{i} spl p{i + 1}, <gap+{i} ; split", f"  mov.i {{p{i}, }}p{i}+step"]
        lines += [f"  djn.f p{i}, >gap-{i}"]
    lines += ["p28 dat 0, 0", "i for 6", "b&i mov b01, @b&i+i*step", "rof", " end p0"]
    return "\n".join(lines)
