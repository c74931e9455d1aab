;redcode-94nop
;name Demy
;author corewar-dei
;strategy A crowded paper: fourteen processes where nine cells have to be carried, so that the five
;strategy who come last find nothing left and carry emptiness, which wipes what stood behind the
;strategy copy. A whole sheet starts a whole and a half one; each drops bombs and sends a last copy
;strategy out backwards. The crowd makes a sheet hard to kill and quick to fill the core.

whole   EQU    3601
halves  EQU    3011
last    EQU    2756
near    EQU    4501
far     EQU    5463

        ORG    start

start   SPL    1                    ; 1 -> 2 -> 4
        SPL    1
        MOV.I  -1, 0                ; the first of the four writes the SPL that the three
        SPL    1                    ; behind it meet here: 7, and 14 at the sheet
sheet   SPL    @0, whole            ; to the copy; A counts the cells read, B those written
        MOV.I  }sheet, >sheet
half    SPL    @0, halves           ; copies from itself on
        MOV.I  }half, >half
        MOV.I  ink, {near
        MOV.I  ink, >far
        MOV.I  {half, <leave
leave   JMP    @0, last
ink     DAT    <2667, <5

        END
