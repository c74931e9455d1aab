;redcode-94nop
;name Scythe
;author corewar-dei
;strategy Two laps of SPL, then DAT for ever. The pointer cell names what to write (A-field) and
;strategy where (B-field); each lap ends by overwriting the pointer with the next order. SPL #0
;strategy keeps the sweep alive through most hits.

behind  EQU    (last - point + 2)

        ORG    hold

point   DAT    one - point, behind
        DAT    0, 0
        DAT    0, 0
hold    SPL    #0, 0
mow     MOV.I  *point, >point
        DJN.F  mow, >point
        DAT    0, 0
one     SPL    #two - point, behind
two     SPL    #ever - point, behind
ever    DAT    ever - point, behind
last    DAT    0, 0

        END
