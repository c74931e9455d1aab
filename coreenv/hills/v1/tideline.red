;redcode-94nop
;name Tideline
;author corewar-dei
;strategy Moves out before it clears: the sweep is carried away and the old place stays behind as a
;strategy decoy. One lap of SPL, one of DAT whose second operand bends what it does not overwrite;
;strategy every turn also decrements a cell just below, where imps have to pass.

away    EQU    4567
behind  EQU    (last - point + 2)

        ORG    start

point   DAT    wipe - point, behind
hold    SPL    #0, <point - 9
tide    MOV.I  *point, >point
        DJN.F  tide, >point
wipe    SPL    #ebb - point, behind
ebb     DAT    ebb - point, behind
last    DAT    0, 0
from    DAT    last - from + 1 + away, last - from + 1

start   MOV.I  <from, {from         ; from the last cell to the first
        FOR    6
        MOV.I  <from, {from
        ROF
        ADD.A  #hold - point, from
        JMP    *from, 0

        END
