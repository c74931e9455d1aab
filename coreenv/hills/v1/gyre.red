;redcode-94nop
;name Gyre
;author corewar-dei
;strategy A spiral of eleven points, sent off by a process that then stays at home and keeps a gate:
;strategy it decrements one cell below itself for ever, and an imp that comes by has its reach bent.
;strategy Its own imps walk away from the gate and need most of a round to reach it.

reach   EQU    5091                 ; 11 * 5091 = 56001

        ORG    start

start   SPL    away
        JMP    0, <start - 6        ; the gate
        FOR    6
        DAT    0, 0
        ROF
away    SPL    1                    ; 16 processes
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    16
        JMP    imp + (k - 1) * reach
        ROF
imp     MOV.I  0, reach

        END
