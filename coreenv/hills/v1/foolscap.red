;redcode-94nop
;name Foolscap
;author corewar-dei
;strategy A paper in two sizes. A half sheet of six cells is the rear part of a whole sheet of
;strategy eight and a paper in itself: whole sheets make one of each kind, half sheets breed their
;strategy own, and both bomb as they go.

whole   EQU    2890
halves  EQU    5730
last    EQU    1370

        ORG    start

start   SPL    1                    ; 8 processes
        SPL    1
        SPL    1
sheet   SPL    @0, whole
        MOV.I  }sheet, >sheet
half    SPL    @0, halves           ; copies from itself on, and whatever follows the sheet
        MOV.I  }half, >half
        MOV.I  {half, <leave
        MOV.I  ink, {2500
ink     DAT    <2667, <1143
leave   JMP    @0, last + 8

        END
