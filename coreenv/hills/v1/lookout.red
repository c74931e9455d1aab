;redcode-94nop
;name Lookout
;author corewar-dei
;strategy The textbook scanner: looks at every tenth cell, throws SPL at what it finds, and
;strategy when it finds itself it has seen all others: then it clears the core.

step    EQU    1790                 ; a multiple of 10
own     EQU    (last - eye)

        ORG    scan

eye     DAT    0, first
scan    ADD.AB #step, eye
        JMZ.F  scan, @eye           ; an empty cell has two zero fields
        SLT.AB #own, eye
        JMP    home                 ; that was me
        MOV.I  stun, @eye
        MOV.I  stun, <eye
        MOV.I  stun, <eye
        ADD.AB #2, eye
        JMP    scan
home    MOV    #own + 2, eye
clear   MOV.I  dust, >eye
        DJN.F  clear, >eye
stun    SPL    #0, 0
dust    DAT    0, own + 2
last    DAT    0, 0
first   EQU    (10 + step)

        END
