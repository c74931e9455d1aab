;redcode-94nop
;name Folio
;author corewar-dei
;strategy A stone goes ahead and a crowd of paper follows. The stone is carried off, splits for ever
;strategy and bombs with a stream of decrements beside it; the place it came from breeds sheets of
;strategy nine cells with fourteen processes each, whole ones and half ones, that bomb as they copy.

away    EQU    2479                 ; all constants: the best of some 400 settings
step    EQU    2655                 ; a multiple of 5
stream  EQU    -881
whole   EQU    6755
halves  EQU    2337
last    EQU    2886
near    EQU    6037
far     EQU    1106

        ORG    start

start   MOV.I  <from, {from         ; the five cells of the stone, last one first
        FOR    4
        MOV.I  <from, {from
        ROF
        SPL    *from, 0
        SPL    1                    ; 1 -> 2 -> 4
        SPL    1
        MOV.I  -1, 0                ; three of the four find an SPL here: 7
        SPL    1                    ; 14
sheet   SPL    @0, whole            ; to the copy; A counts the cells read, B those written
        MOV.I  }sheet, >sheet
half    SPL    @0, halves
        MOV.I  }half, >half
        MOV.I  ink, {near
        MOV.I  ink, >far
        MOV.I  {half, <leave
leave   JMP    @0, last
ink     DAT    <2667, <5
        FOR    6                    ; what the late ones of the crowd carry away
        DAT    0, 0
        ROF

mill    SPL    #0, 0
grind   MOV.I  grist, grist - grind + step
        ADD.AB #step, grind
        DJN.F  grind, <stream
grist   DAT    <2667, <5334
from    DAT    away, 0

        END
