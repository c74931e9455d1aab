;redcode-94nop
;name Nightjar
;author corewar-dei
;strategy A vampire that looks before it bites. The fang is its own sight: both fields move along
;strategy the scan, so at a find the jump into the pit is ready and only has to be copied.
;strategy When it meets itself the tour is over and it clears the core, the pit included.

step    EQU    4370                 ; a multiple of 10; comes home about a quarter of the way round
first   EQU    (20 + step)
behind  EQU    (last - gate + 2)

        ORG    look

gate    DAT    0, 0
fang    JMP    pit + 1 - first, first
look    ADD.F  inc, fang
        JMZ.F  look, @fang
        SLT.AB #pit + 5 - fang, fang
        JMP    home
        MOV.I  fang, @fang
        MOV.I  fang, <fang          ; these two lead to the next cells of the pit
        MOV.I  fang, <fang
        ADD.AB #2, fang
        JMP    look
inc     DAT    -step, step
home    MOV.I  wipe, gate
        SPL    #0, 0
clear   MOV.I  *gate, >gate
        DJN.F  clear, >gate
wipe    SPL    #kill - gate, behind
kill    DAT    kill - gate, behind
last    DAT    0, 0
pit     SPL    0, 0
        SPL    -1, 0
        SPL    -2, 0
        SPL    -3, 0
        JMP    -4

        END
