;redcode-94nop
;name Scree
;author corewar-dei
;strategy Moves out and leaves its old place behind as a decoy. Then two hands, half a core apart,
;strategy throw plain DAT on one cell in ten in the end; nothing is
;strategy stunned first, what is hit is gone. The tour stops at three quarters, before its gain
;strategy dwindles, and a clear of two laps takes the rest.

away    EQU    3430                 ; the best of some 350 settings and choices of bombs
step    EQU    4820                 ; a multiple of 20: all fifteen cells lie between the hits
first   EQU    2100                 ; likewise
apart   EQU    4000
tour    EQU    292                  ; of 400
behind  EQU    (last - point + 3)   ; even: a lap must end with the MOV on `point`

        ORG    start

point   DAT    wipe - point, behind
shot    DAT    <5, <7
inc     DAT    step, step
sight   DAT    point - sight - 2 + first, point - sight - 4 + first + apart
loop    MOV.I  shot, *sight
        MOV.I  shot, @sight
        ADD.F  inc, sight
        DJN.B  loop, #tour
        SPL    #0, 0
clear   MOV.I  *point, >point
        DJN.F  clear, >point
wipe    SPL    #kill - point, behind
kill    DAT    kill - point, behind
last    DAT    0, 0
from    DAT    last - from + 1 + away, last - from + 1

start   MOV.I  <from, {from         ; from the last cell to the first
        FOR    13
        MOV.I  <from, {from
        ROF
        ADD.A  #loop - point, from
        JMP    *from, 0

        END
