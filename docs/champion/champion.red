;redcode-94
;name Nine Looms
;author corewar-dei
;strategy An imp ring ahead, then a paper of nine processes, woven three times over
;
; Found by `dei champion configs/champion.toml` among 180,000 proposals of the built-in operators, by
; the replicator in round 5; the names and the comments were added afterwards, every instruction is as
; it was found. summary.json says how it was chosen, report.html how it fared.
;
; First it copies the launcher at its end to a place 3,257 cells ahead, one instruction a turn, and
; starts it there. The launcher runs an imp ring of three points, 2,667 cells apart: it hardly ever
; wins, and hardly ever dies, which is why most rounds that are not won are tied.
;
; Then it breeds: SPL 1 makes two processes. The first to reach a MOV -1, 0 writes the SPL 1 before it
; over it and goes on; the others run what it wrote, and double. So two become three, five and nine,
; all at the same instruction, one after the other.
;
; Nine is also the length of the paper. Each SPL @0 starts all nine at the next copy before there is
; anything; then each of them copies one instruction there, as } and > count up. The cell it arrives
; at has just been written when its turn comes. Three such looms at three distances make a core full
; of papers. At the end the nine drop bombs behind the third loom's copy, two each: DAT <1, {1 kills
; who runs it, and counts down what is next to it. Then they run into their own one, and die; their
; copies weave on.
;
; Against papers it ties (104 points of 300 is its worst class): neither clears the other away.
; Vampires, clears, bombers and one-shots aim at one place, and it is never in one place.

        org   boot

boot    mov.i launch,       boot + 3257     ; all four lie 18 cells before their original,
        mov.i launch + 1,   boot + 3258     ; and 3257 before their copy
        mov.i launch + 2,   boot + 3259
        mov.i launch + 3,   boot + 3260
        spl.b boot + 3257,  0

        spl.b 1,            0               ; 2 processes
        mov.i -1,           0               ; 3
        mov.i -1,           0               ; 5
        mov.i -1,           0               ; 9

first   spl.b @0,           2494            ; nine go ahead,
        mov.i }first,       >first          ; nine follow with an instruction each
second  spl.b @0,          -1659
        mov.i }second,      >second
third   spl.b @0,          -2937
        mov.i }third,       >third
        mov.i bomb,         >third
        mov.i bomb,         >third
bomb    dat.f <1,           {1

launch  spl.b 3,            0               ; the JMP, for the third point
        spl.b 2668,         0               ; the second point
        mov.i #-2266,       2667            ; the first: copies itself to the second
        jmp.b -2667,        0
        end
