;redcode-94nop
;name Hail
;author corewar-dei
;strategy Throws its bombs in threes: DAT, and two SPL below it. A process that meets the SPLs
;strategy leaves others behind that run into the DAT. After the tour one lap after the other of
;strategy DAT goes over the core.

step    EQU    3420                 ; a multiple of 20: the threes miss the fourteen cells of Hail
tour    EQU    399
behind  EQU    (last - front + 3)

        ORG    loop

front   DAT    0, behind
stun    SPL    #0, 0
shot    DAT    0, 0
sight   DAT    0, front - sight - 1 + step
loop    MOV.I  shot, @sight
        MOV.I  stun, <sight
        MOV.I  stun, <sight
        ADD.AB #step + 2, sight
        DJN.B  loop, #tour
        SPL    #0, 0
sweep   MOV.I  sleet, >front
        DJN.F  sweep, >front
sleet   DAT    0, behind            ; restarts the sweep when it lands on `front`
last    DAT    0, 0

        END
