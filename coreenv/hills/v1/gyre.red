;redcode-94nop
;name Gyre
;author corewar-dei
;strategy A spiral of eleven points and a gate. The gate keepers split all the time and decrement one
;strategy cell below themselves, where the reach of a passing imp is bent. Their number slows Gyre's
;strategy own imps so much that these never get round to the gate.

reach   EQU    5091                 ; 11 * 5091 = 56001

        ORG    start

start   SPL    away
keep    SPL    #0, <start - 6
        JMP    keep, <start - 6
        FOR    6
        DAT    0, 0
        ROF
away    SPL    1                    ; 32 processes
        SPL    1
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    32
        JMP    imp + (k - 1) * reach
        ROF
imp     MOV.I  0, reach

        END
