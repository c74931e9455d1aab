;redcode-94nop
;name Pounce
;author corewar-dei
;strategy The textbook one-shot: looks at single cells until one is not empty, then clears
;strategy the core from there on, for good.

step    EQU    2170                 ; a multiple of 10

        ORG    scan

eye     DAT    0, 2 * step
scan    ADD.AB #step, eye
        JMZ.F  scan, @eye
        SUB.AB #5, eye
clear   SPL    #0, 0
        MOV.I  dust, >eye
        DJN.F  -1, >eye
dust    DAT    0, 12

        END
