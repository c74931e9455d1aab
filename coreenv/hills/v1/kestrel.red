;redcode-94nop
;name Kestrel
;author corewar-dei
;strategy Spends its first cycles comparing 48 cells, two a cycle. A pair that differs notes its
;strategy place; after every four pairs the note is read and the place bombed at once.
;strategy Either way it then turns into a paper that leaves whole sheets and half sheets.

first   EQU    200
gap     EQU    160                  ; from pair to pair
apart   EQU    3920                 ; from one cell of a pair to the other
near    EQU    2322
far     EQU    383

        ORG    quick

quick
g       FOR    6
k       FOR    4
        SEQ.I  aim + first + (4 * (g - 1) + k) * gap, aim + first + (4 * (g - 1) + k) * gap + apart
        MOV.AB #first + (4 * (g - 1) + k) * gap, aim
        ROF
        JMN.B  strike, aim
        ROF
        JMP    paper
aim     DAT    0, 0
none    DAT    0, 0
shot    DAT    <5, <2667

strike  SNE.I  none, @aim           ; the near cell is empty, so it is the far one
        ADD.AB #apart, aim
        SUB.AB #15, aim
spray   MOV.I  shot, @aim
        ADD.AB #4, aim
        DJN.B  spray, #14

paper   SPL    1                    ; 7 processes
        SPL    1
        MOV.I  -1, 0
sheet   SPL    @0, near             ; a whole sheet
        MOV.I  }sheet, >sheet
half    SPL    @0, far              ; and one without its first two cells: it copies only once
        MOV.I  }half, >half
        MOV.I  ink, >3100
        MOV.I  ink, }-1700
ink     DAT    <2667, <1143
        DAT    0, 0
        DAT    0, 0

        END
