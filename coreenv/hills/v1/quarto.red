;redcode-94nop
;name Quarto
;author corewar-dei
;strategy A stone in the first line, paper behind it: a two-handed SPL bomber is carried away and
;strategy works alone until its tour ends and it clears; meanwhile a paper of eight cells, whose
;strategy sheets never stop copying, holds the ground.

away    EQU    6177
near    EQU    4201
drift   EQU    3844
step    EQU    2376                 ; a multiple of 8
tour    EQU    500
behind  EQU    (last - point + 3)

        ORG    start

point   SPL    #kill - point, behind
stun    SPL    #kill - point, behind
inc     DAT    step, step
sight   DAT    point - sight + 1184, point - sight + 5184
throw   MOV.I  stun, *sight
        MOV.I  stun, @sight
        ADD.F  inc, sight
        DJN.B  throw, #tour
        SPL    #0, 0
clear   MOV.I  *point, >point
        DJN.F  clear, >point
kill    DAT    kill - point, behind
last    DAT    0, 0
from    DAT    last - from + 1 + away, last - from + 1

start   MOV.I  <from, {from         ; from the last cell to the first
        FOR    12
        MOV.I  <from, {from
        ROF
        ADD.A  #throw - point, from
        SPL    *from, 0
        SPL    1                    ; 8 processes
        SPL    1
        SPL    1
sheet   SPL    @0, near
        MOV.I  }sheet, >sheet
        SUB.A  #1, sheet
        ADD.AB #drift, sheet
        MOV.I  ink, {2100
        MOV.I  ink, }-1300
        JMP    sheet, <1143
ink     DAT    <5, <2667

        END
