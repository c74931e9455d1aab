;redcode-94nop
;name Deckle
;author corewar-dei
;strategy The shortest sheet with the biggest crowd: sixteen processes for six cells. One pass carries
;strategy a copy forwards, the way back carries another, and those who come too late for a cell carry
;strategy what lies beside it: they wipe around the copies. In between, one bomb each.

ahead   EQU    2861                 ; the best of some 700 settings and forms
back    EQU    2577
near    EQU    6974

        ORG    start

start   SPL    1                    ; 16 processes, one after another through every line
        SPL    1
        SPL    1
        SPL    1
sheet   SPL    @0, ahead            ; to the copy; A counts the cells read, B those written
        MOV.I  }sheet, >sheet
        MOV.I  ink, {near
        MOV.I  {sheet, <leave       ; the same way back
leave   JMP    @0, back
ink     DAT    0, <5

        END
