;redcode-94nop
;name Penstock
;author corewar-dei
;strategy A stone that keeps away from its imps. The stone is carried off first and floods its loop
;strategy with processes; a stream of decrements runs from it through the core, and its SPL spoils
;strategy one cell below it, a gate for foreign imps. Sixteen imps go round in a ring of three
;strategy points; they ask their own A-field how far to reach, which decrements of B leave alone.

reach   EQU    2667                 ; 3 points
away    EQU    7183                 ; this and the rest: the best of some 450 settings
step    EQU    3415                 ; a multiple of 5
stream  EQU    -1958
gate    EQU    29

        ORG    start

start   MOV.I  <from, {from         ; the five cells of the stone, last one first
        FOR    4
        MOV.I  <from, {from
        ROF
        SPL    *from, 0
        SPL    1                    ; 16 processes: some will be lost to the own bombs
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    16
        JMP    imp + (k - 1) * reach
        ROF
imp     MOV.I  #reach, *0
        FOR    4
        DAT    0, 0
        ROF

mill    SPL    #0, <mill - gate
grind   MOV.I  shot, shot - grind + step
        ADD.AB #step, grind
        DJN.F  grind, <stream
shot    DAT    <1, <reach
from    DAT    away, 0

        END
