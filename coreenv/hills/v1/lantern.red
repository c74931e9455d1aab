;redcode-94nop
;name Lantern
;author corewar-dei
;strategy Sees four cells in five cycles with two comparisons that hold their own addresses. Where
;strategy any two differ, the whole stretch of forty cells goes under SPL, without asking further.
;strategy The tour is counted; a clear of two laps ends it.

step    EQU    3080                 ; a multiple of 40: four cells a look, ten apart
half    EQU    10
tour    EQU    186
behind  EQU    (last - point + 2)

        ORG    near

point   DAT    0, 0                 ; where the carpet is
inc     DAT    step, step
near    SNE.I  last - near + 10 + step, last - near + 20 + step
        SEQ.I  last - near + 29 + step, last - near + 39 + step
        JMP    found
next    ADD.F  inc, near
        ADD.F  inc, near + 1
count   DJN.B  near, #tour
        MOV.I  order, point
        SPL    #0, 0
clear   MOV.I  *point, >point
        DJN.F  clear, >point
found   MOV.B  near, point
        SUB.AB #half + 4, point
lay     MOV.I  stun, >point
        MOV.I  stun, >point
        DJN.B  lay, #20
        MOV    #20, lay + 2
        JMP    next
stun    SPL    #0, 0
order   DAT    wipe - point, behind
wipe    SPL    #kill - point, behind
kill    DAT    kill - point, behind
last    DAT    0, 0

        END
