;redcode-94nop
;name Harrier
;author corewar-dei
;strategy The textbook quick-scanner: sixteen comparisons in a row, and a staircase of additions
;strategy behind them. A find enters the staircase at its own step and comes down with the right
;strategy address; a clear starts there. Without a find the clear sweeps the whole core.

gap     EQU    230                  ; from pair to pair
half    EQU    3850                 ; from one cell of a pair to the other
pairs   EQU    16
behind  EQU    (last - point + 2)

        ORG    quick

point   DAT    wipe - point, 0
sweep   SPL    #0, 0
clear   MOV.I  *point, >point
        DJN.F  clear, >point
wipe    SPL    #kill - point, behind
kill    DAT    kill - point, behind
last    DAT    0, 0

        FOR    pairs
        ADD.AB #gap, point
        ROF
stair   JMN.F  found, @point
        ADD.AB #half, point
found   SUB.AB #6, point
        JMP    sweep

quick
k       FOR    pairs
        SEQ.I  point + k * gap, point + k * gap + half
        JMP    stair - k
        ROF
        MOV    #behind, point
        JMP    sweep

        END
