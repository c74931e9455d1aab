;redcode-94nop
;name Mosquito
;author corewar-dei
;strategy A vampire with an end: a short tour of fangs, then a core clear of two laps that takes the
;strategy pit and everybody in it. Captives only split: they are slow, and they stay.

step    EQU    1610                 ; a multiple of 10
tour    EQU    250
behind  EQU    (last - gate + 2)

        ORG    bite

gate    DAT    wipe - gate, behind
        DAT    0, 0
inc     DAT    -step, step
bite    MOV.I  fang, @fang
        ADD.F  inc, fang
        DJN.B  bite, #tour
        SPL    #0, 0
clear   MOV.I  *gate, >gate
        DJN.F  clear, >gate
wipe    SPL    #kill - gate, behind
kill    DAT    kill - gate, behind
fang    JMP    pit - step, step
last    DAT    0, 0
        FOR    5
        DAT    0, 0
        ROF
pit     SPL    0, 0                 ; outside the part the clear spares
        SPL    -1, 0
        JMP    -2

        END
